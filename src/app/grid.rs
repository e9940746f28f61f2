//! The grid of cells, and how it changes its order without disturbing what the cells show.

use std::collections::HashSet;

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Node};

use super::cell::Tile;
use super::drag;
use super::focus;
use super::hero::Hero;
use super::state::Dashboard;
use crate::protocol::CellId;

#[component]
pub fn Grid() -> impl IntoView {
    let dashboard = Dashboard::here();
    let grid = NodeRef::<html::Div>::new();
    let is_empty = Memo::new(move |_| dashboard.order.with(Vec::is_empty));
    // Never moves a row: a frame that is taken out and put elsewhere would load again. `arrange` does the moving.
    let rows = Memo::new(move |rows: Option<&Vec<CellId>>| dashboard.order.with(|order| settled(rows.map_or(&[], Vec::as_slice), order)));
    Effect::new(move || {
        let order = dashboard.order.get();
        // The rows are drawn by another effect of the same turn; a task comes after it.
        spawn_local(async move {
            tick().await;
            if let Some(grid) = grid.get_untracked() {
                arrange(&grid, &order);
            }
        });
    });
    view! {
        <main id="board" tabindex="-1" aria-label="Board">
            {move || is_empty.get().then(|| view! { <Hero /> })}
            <div
                class="grid"
                node_ref=grid
                class:dragging=move || dashboard.dragged.with(Option::is_some)
                on:dragstart=move |event| drag::start(dashboard, &event)
                on:dragover=move |event| drag::over(dashboard, &event)
                on:drop=move |event| drag::drop(dashboard, &event)
                on:dragend=move |_| drag::end(dashboard)
            >
                <For each=move || rows.get() key=CellId::clone let(id)>
                    <Tile id />
                </For>
            </div>
        </main>
    }
}

/// The ids of `order` with those that were there in their old places: new ones take the places of those that went, then the end.
fn settled(rows: &[CellId], order: &[CellId]) -> Vec<CellId> {
    if rows.is_empty() {
        return order.to_vec();
    }
    let known: HashSet<&CellId> = rows.iter().collect();
    let wanted: HashSet<&CellId> = order.iter().collect();
    let mut new = order.iter().filter(|id| !known.contains(id));
    let kept = rows.iter().filter_map(|id| if wanted.contains(id) { Some(id) } else { new.next() });
    let mut settled: Vec<CellId> = kept.cloned().collect();
    settled.extend(new.cloned());
    settled
}

/// For each of `places` (a permutation), whether it belongs to a longest ascending run, which can stay where it is.
fn staying(places: &[usize]) -> Vec<bool> {
    let mut length = vec![1_usize; places.len()];
    let mut before = vec![None; places.len()];
    for at in 0..places.len() {
        for earlier in 0..at {
            if places[earlier] < places[at] && length[earlier] >= length[at] {
                length[at] = length[earlier] + 1;
                before[at] = Some(earlier);
            }
        }
    }
    let mut stays = vec![false; places.len()];
    let mut at = (0..places.len()).max_by_key(|at| length[*at]);
    while let Some(place) = at {
        stays[place] = true;
        at = before[place];
    }
    stays
}

#[wasm_bindgen]
extern "C" {
    type Parent;
    /// Moves a node without loading its frames again; browsers since 2025 have it, the others throw.
    #[wasm_bindgen(method, catch, js_name = moveBefore)]
    fn move_before(this: &Parent, node: &Node, before: Option<&Node>) -> Result<(), JsValue>;
}

/// Brings the elements into this order with as few moves as possible.
fn arrange(grid: &Element, order: &[CellId]) {
    let children = grid.children();
    let placed = |child: Element| {
        let id = focus::owner(&child)?;
        Some((order.iter().position(|known| *known == id)?, child))
    };
    let (places, there): (Vec<usize>, Vec<Element>) = (0..children.length()).filter_map(|at| placed(children.item(at)?)).unzip();
    let stays = staying(&places);
    if stays.iter().all(|stays| *stays) {
        return;
    }
    // What follows the last cell is the list's own mark, and stays the last.
    let mut next: Option<Node> = there.last().and_then(|last| last.next_sibling());
    let mut sorted: Vec<usize> = (0..there.len()).collect();
    sorted.sort_by_key(|at| places[*at]);
    for at in sorted.into_iter().rev() {
        let element = &there[at];
        if !stays[at] {
            put(grid, element, next.as_ref());
        }
        next = Some(element.clone().into());
    }
}

fn put(grid: &Element, element: &Element, before: Option<&Node>) {
    if grid.unchecked_ref::<Parent>().move_before(element, before).is_ok() {
        return;
    }
    let focused = document().active_element().filter(|active| element.contains(Some(active)));
    let _ = grid.insert_before(element, before);
    if let Some(focused) = focused.and_then(|focused| focused.dyn_into::<HtmlElement>().ok()) {
        let _ = focused.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<CellId> {
        names.chars().filter_map(|name| CellId::parse(&name.to_string())).collect()
    }

    #[test]
    fn rows_that_stay_keep_their_places() {
        assert_eq!(settled(&[], &ids("bca")), ids("bca"));
        assert_eq!(settled(&ids("abc"), &ids("cab")), ids("abc"));
        assert_eq!(settled(&ids("abcd"), &ids("bxd")), ids("xbd"));
        assert_eq!(settled(&ids("ab"), &ids("xbya")), ids("abxy"));
        assert_eq!(settled(&ids("abc"), &ids("xyc")), ids("xyc"));
    }

    #[test]
    fn only_what_must_move_moves() {
        let moving = |places: &[usize]| staying(places).iter().filter(|stays| !**stays).count();
        assert_eq!(moving(&[0, 1, 2, 3]), 0);
        assert_eq!(moving(&[1, 2, 3, 0]), 1);
        assert_eq!(moving(&[3, 0, 1, 2]), 1);
        assert_eq!(moving(&[1, 0, 3, 2]), 2);
    }
}
