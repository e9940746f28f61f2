//! The board: its sections, in the order of the reader.

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::arrange::arrange;
use super::empty_board::EmptyBoard;
use super::section::SectionView;
use crate::app::components::board_description::BoardDescription;
use crate::app::state::{BlockPlaces, Dashboard, use_dashboard};
use crate::protocol::CellId;

#[component]
pub fn Grid() -> impl IntoView {
    let dashboard = use_dashboard();
    let arrangement = dashboard.arrangement;
    let sections = NodeRef::<html::Div>::new();
    let empty_board = move || dashboard.order.with(Vec::is_empty).then(|| view! { <EmptyBoard /> });
    let has_no_match = Memo::new(move |_| {
        let cells = dashboard.cells.read();
        !cells.is_empty() && !cells.iter().any(|cell| dashboard.is_shown(&cell.name.read()))
    });
    provide_context(BlockPlaces(Memo::new(move |_| dashboard.block_places())));
    Effect::new(move |_| {
        arrangement.sections.track();
        // The rows are drawn by another effect of the same turn; a task comes after it.
        spawn_local(async move {
            tick().await;
            bring_into_order(dashboard, sections);
        });
    });
    let density = move || dashboard.with_layout(|layout| layout.density).map(|density| density.to_string());
    view! {
        <main id="board" node_ref=dashboard.refs.board tabindex="-1" aria-label="Board">
            <BoardDescription />
            {empty_board}
            <div id="grid" node_ref=sections class:with-heads=move || arrangement.has_heads.get() class:one-flow=move || dashboard.is_one_flow() data-density=density>
                <For each=move || arrangement.rows.get() key=|name| name.clone() let(name)>
                    <SectionView name />
                </For>
            </div>
            // Always there: screen readers announce a change of its text.
            <p class="no-match" role="status">
                {move || if has_no_match.get() { "No cells match the filter." } else { "" }}
            </p>
            <p class="spoken" aria-live="polite">{move || arrangement.announcement.get()}</p>
        </main>
    }
}

/// Brings the sections and the cells in them into the order of the reader.
fn bring_into_order(dashboard: Dashboard, parent: NodeRef<html::Div>) {
    let arrangement = dashboard.arrangement;
    let Some(parent) = parent.try_get_untracked().flatten() else { return };
    arrangement.sections.with_untracked(|sections| {
        let elements = |name: &String| arrangement.elements_of(name);
        let of_sections: Vec<_> =
            sections.iter().filter_map(|section| Some((section.name.clone(), elements(&section.name)?.section))).collect();
        arrange(&parent, "data-section", &of_sections);
        for section in sections {
            let Some(elements) = elements(&section.name) else { continue };
            let of_cell = |id: &CellId| Some((id.to_string(), dashboard.elements_of(id)?.article));
            let cells: Vec<_> = section.cells.iter().filter_map(of_cell).collect();
            arrange(&elements.flow, "data-id", &cells);
        }
    });
}
