//! The table of runs: the rows in sight, and as much room as the others take.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver};

use super::column_heads::ColumnHeads;
use super::columns::columns_of;
use super::keys;
use super::loader::RowLoader;
use super::row::RowView;
use super::short_names::short_names;
use super::window::{Viewport, window_range, window_rows};
use crate::app::charts::use_charts;
use crate::app::erased::Erase;
use crate::app::signals::SetIfChanged;
use crate::app::state::{RowHeights, RowKey, use_dashboard};
use crate::browser::dom;

/// Browsers report scrolling by parts of pixels; the window depends on less.
const SCROLL_STEP: f64 = 26.0;

#[component]
pub fn RunTable(loader: RowLoader) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let viewport = RwSignal::new(Viewport::FIRST);
    let is_printing = use_charts().is_printing;
    let columns = Memo::new(move |_| {
        let (chosen, band) = runs.comparison.with(|comparison| (comparison.columns.clone(), comparison.band));
        runs.rows.with(|rows| columns_of(rows, &chosen, band))
    });
    let names = short_names(runs);
    let scroll = dashboard.refs.run_rows;
    let rows = Memo::new(move |_| {
        let viewport = if is_printing.get() { Viewport::PAPER } else { viewport.get() };
        let focused = runs.current.get();
        runs.rows.with(|rows| window_rows(rows, &viewport, focused.as_ref()))
    });
    Effect::new(move |_| {
        let viewport = viewport.get();
        loader.window.set_if_changed(runs.rows.with(|rows| window_range(rows, &viewport)));
    });
    // There are more columns at the right than have room.
    let is_cut = RwSignal::new(false);
    let measure = move || {
        // On paper all rows are in sight; what is requested then would come too late.
        if let Some(element) = scroll.get_untracked().filter(|_| !is_printing.get_untracked()) {
            viewport.set_if_changed(measure(&element));
            is_cut.set_if_changed(element.scroll_left() + element.client_width() + 1 < element.scroll_width());
        }
    };
    // The window, the panel and the sheet may change; an opened run hides the table.
    Effect::new(move |_| {
        let Some(element) = scroll.get() else { return };
        let callback = Closure::<dyn FnMut()>::new(measure);
        let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        // The table becomes wider with its columns.
        if let Some(table) = element.first_element_child() {
            observer.observe(&table);
        }
        let observed = StoredValue::new_local((observer, callback));
        on_cleanup(move || {
            observed.try_with_value(|(observer, _)| observer.disconnect());
        });
    });
    // The keyboard leads to a row that is not loaded: once in sight it will be, and then takes the focus.
    Effect::new(move |_| {
        let Some(RowKey::Missing(index)) = runs.focus_due.get() else { return };
        match runs.rows.with(|rows| rows.key(index)) {
            Some(RowKey::Missing(_)) => {
                if let Some(element) = scroll.get_untracked() {
                    let top = runs.rows.with_untracked(|rows| rows.top(index, viewport.get_untracked().heights));
                    element.set_scroll_top(top as i32);
                }
            }
            Some(_) => keys::go_to(dashboard, index),
            None => runs.focus_due.set(None),
        }
    });
    let has_groups = move || runs.rows.with(|rows| rows.groups.is_some());
    let has_fixed = move || columns.with(|columns| columns.first().is_some_and(|column| column.left.is_some()));
    let count = move || runs.rows.with(|rows| rows.count() + 1).to_string();
    view! {
        <div class="runs-scroll" class:cut=move || is_cut.get() node_ref=scroll on:scroll=move |_| measure()>
            <table class="runs-table" class:with-fixed=has_fixed role=move || has_groups().then_some("treegrid") aria-label="Runs" aria-rowcount=count>
                <thead>
                    <ColumnHeads columns />
                </thead>
                <tbody on:keydown=move |event| keys::on_key(dashboard, &event)>
                    <For each=move || rows.get() key=|row| row.key.clone() let(row)>
                        <RowView key=row.key rows columns names />
                    </For>
                </tbody>
            </table>
        </div>
    }
    .erase_built()
}

/// What is in sight, in steps. The style sheet has the heights of rows.
fn measure(element: &Element) -> Viewport {
    let style = window().get_computed_style(element).ok().flatten();
    let height = |name: &str, default: f64| {
        let text = style.as_ref().and_then(|style| style.get_property_value(name).ok()).unwrap_or_default();
        let height = dom::number_of(text.trim());
        if height > 0.0 { height } else { default }
    };
    let first = Viewport::FIRST.heights;
    Viewport {
        top: (f64::from(element.scroll_top()) / SCROLL_STEP).floor() * SCROLL_STEP,
        height: (f64::from(element.client_height()) / SCROLL_STEP).ceil() * SCROLL_STEP + SCROLL_STEP,
        heights: RowHeights {
            run: height("--row-run", first.run),
            group: height("--row-group", first.group),
            tall: height("--row-tall", first.tall),
        },
    }
}
