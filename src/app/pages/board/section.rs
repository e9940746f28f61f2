//! A section of the board: its head, and the grid of its cells.

use leptos::html;
use leptos::prelude::*;

use super::section_head::SectionHead;
use crate::app::cells::CellView;
use crate::app::state::{BlockPlaces, SectionElements, use_dashboard};

#[component]
pub fn SectionView(name: String) -> impl IntoView {
    let dashboard = use_dashboard();
    let arrangement = dashboard.arrangement;
    let (section, flow) = (NodeRef::<html::Section>::new(), NodeRef::<html::Div>::new());
    let own = StoredValue::new(name.clone());
    let is = move |other: &str| own.with_value(|own| own == other);
    // The cells that the filter shows.
    let shown = Memo::new(move |_| {
        let cells = own.with_value(|own| dashboard.cells_of(own));
        if dashboard.filter.with(String::is_empty) {
            return cells.len();
        }
        let all = dashboard.cells.read();
        all.iter().filter(|cell| cells.contains(&cell.id) && dashboard.is_shown(&cell.name.read())).count()
    });
    // Those among them that no run which is drawn has points of.
    let empty = Memo::new(move |_| {
        let empty = arrangement.empty_charts.read();
        let cells = own.with_value(|own| dashboard.cells_of(own));
        if empty.is_empty() { 0 } else { cells.iter().filter(|id| empty.contains(id)).count() }
    });
    let count = Memo::new(move |_| {
        let is_collapsing = !arrangement.shows_empty_charts.get() && dashboard.filter.with(String::is_empty);
        if is_collapsing { shown.get().saturating_sub(empty.get()) } else { shown.get() }
    });
    let note = move || (empty.get() > 0).then(|| dashboard.deferred.loaded()).flatten().map(|code| (code.empty_charts_note)(empty.into()));
    let is_folded = Memo::new(move |_| own.with_value(|own| dashboard.is_folded(own)));
    let has_head = move || arrangement.has_heads.get() && own.with_value(|own| !own.is_empty());
    let places = use_context::<BlockPlaces>();
    let has_blocks = move || {
        places.is_some_and(|BlockPlaces(places)| {
            let sections = arrangement.sections.read();
            places.with(|places| sections.iter().any(|section| is(&section.name) && section.cells.iter().any(|id| places.contains_key(id))))
        })
    };
    // The cells that were drawn here first: one that was moved elsewhere keeps its views, and its element stands there.
    let cells = move || {
        let mut cells = dashboard.cells.get();
        cells.retain(|cell| is(&cell.home));
        cells
    };
    Effect::new(move |_| {
        if let (Some(section), Some(flow)) = (section.get(), flow.get()) {
            arrangement.register(own.get_value(), SectionElements { section, flow: flow.into() });
        }
    });
    let label = move || (has_head() && !dashboard.is_one_flow()).then(|| own.get_value());
    view! {
        <section node_ref=section class="section" data-section=name hidden=move || shown.get() == 0 aria-label=label>
            <Show when=has_head>
                <SectionHead name=own.get_value() count is_folded />
            </Show>
            <div class="grid" class:with-blocks=has_blocks node_ref=flow hidden=is_folded>
                <For each=cells key=|cell| cell.id.to_string() let(cell)>
                    <CellView cell />
                </For>
            </div>
            {note}
        </section>
    }
}
