//! The grid of cells. It changes the order of its elements without reloading the frames in them.

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Node};

use super::empty_board::EmptyBoard;
use crate::app::cells::CellView;
use crate::app::state::use_dashboard;
use crate::protocol::CellId;

#[component]
pub fn Grid() -> impl IntoView {
    let dashboard = use_dashboard();
    let grid = NodeRef::<html::Div>::new();
    let empty_board = move || dashboard.order.with(Vec::is_empty).then(|| view! { <EmptyBoard /> });
    let has_no_match = Memo::new(move |_| {
        let cells = dashboard.cells.read();
        !cells.is_empty() && !cells.iter().any(|cell| dashboard.is_shown(&cell.name.read()))
    });
    let is_dragging = move || dashboard.dragged.with(Option::is_some);
    Effect::new(move |_| {
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
        <main id="board" node_ref=dashboard.refs.board tabindex="-1" aria-label="Board">
            {empty_board}
            <div id="grid" node_ref=grid class="grid" class:dragging=is_dragging>
                <For each=move || dashboard.cells.get() key=|cell| cell.id.to_string() let(cell)>
                    <CellView cell />
                </For>
            </div>
            // Always there: screen readers announce a change of its text.
            <p class="no-match" role="status">
                {move || if has_no_match.get() { "No cells match the filter." } else { "" }}
            </p>
        </main>
    }
}

/// For each of `places` (a permutation), whether it belongs to a longest ascending run, which can stay where it is.
fn staying(places: &[usize]) -> Vec<bool> {
    let mut before = vec![None; places.len()];
    // Of the runs of each length, where the one that ends lowest ends. Those ends ascend, too.
    let mut ends: Vec<usize> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let longer = ends.partition_point(|end| places[*end] < *place);
        before[at] = longer.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(longer) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; places.len()];
    let mut at = ends.last().copied();
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
    let wanted = CellId::places(order);
    let placed = |child: Element| Some((*wanted.get(&CellId::parse(&child.get_attribute("data-id")?)?)?, child));
    let (places, there): (Vec<usize>, Vec<Element>) = (0..children.length()).filter_map(|at| placed(children.item(at)?)).unzip();
    let stays = staying(&places);
    if stays.iter().all(|stays| *stays) {
        return;
    }
    // What follows the last cell is the list's own mark, and stays the last.
    let mut next: Option<Node> = there.last().and_then(|last| last.next_sibling());
    let mut standing = vec![None; order.len()];
    places.iter().enumerate().for_each(|(at, place)| standing[*place] = Some(at));
    for at in standing.into_iter().rev().flatten() {
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

    #[test]
    fn only_what_must_move_moves() {
        let moving = |places: &[usize]| staying(places).iter().filter(|stays| !**stays).count();
        assert_eq!(moving(&[0, 1, 2, 3]), 0);
        assert_eq!(moving(&[1, 2, 3, 0]), 1);
        assert_eq!(moving(&[3, 0, 1, 2]), 1);
        assert_eq!(moving(&[1, 0, 3, 2]), 2);
        assert_eq!(moving(&[4, 0, 5, 1, 2, 3]), 2);
        assert_eq!(moving(&[]), 0);
    }
}
