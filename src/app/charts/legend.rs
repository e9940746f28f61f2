//! The legend of a chart: a button for each series, run or group. Hover highlights a series, a click hides or shows it, Alt and a click shows it alone:
//! in this tab only. The settings panel stores it for everyone.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MouseEvent};

use super::display::{ChartDisplay, LegendEntry, PlotDisplay, hex_color};
use super::registry::{ChartRegistry, use_charts};
use crate::app::signals::SetIfChanged;
use crate::charts::{MAX_FOLDED_NAMES, MAX_NAMES, group_labels, rows_of_groups, rows_of_names};
use crate::protocol::CellId;

impl ChartRegistry {
    /// Highlights an entry: a series, a run or a group in all charts; `None`: none of the chart. What is hidden is not highlighted, and no
    /// split is.
    fn highlight(self, id: &CellId, entry: Option<usize>) {
        let (mut run, mut group, mut value) = (None, None, None);
        self.update(|charts| {
            let Some(chart) = charts.chart(id) else { return };
            let item = entry.and_then(|entry| chart.looks.legend.get(entry)).map(|named| &named.item).filter(|item| !item.is_split);
            let slot = item.and_then(|item| item.slots.iter().copied().find(|slot| !chart.is_slot_hidden(*slot)));
            // A run or a group is highlighted with all of its series.
            run = slot.and_then(|slot| chart.cache.series.get(slot)?.run.clone());
            let name = item.map(|item| item.name.clone());
            let count = chart.cache.series.len();
            group = slot.and_then(|slot| chart.groups.groups.get(slot.checked_sub(count)?)).map(|group| group.curve.group);
            let own_slot = slot.filter(|_| run.is_none() && group.is_none());
            if chart.highlighted != own_slot {
                chart.highlighted = own_slot;
                chart.is_dirty = true;
                charts.request_frame();
            }
            if run.as_ref().and_then(|run| charts.runs.get(run)).is_some_and(|run| run.value.is_some()) {
                (run, value) = (None, name);
            }
        });
        self.highlight_run(run);
        self.highlight_value(value);
        self.highlight_group(group);
    }

    fn toggle_series(self, id: &CellId, entry: usize, alone: bool) {
        self.update(|charts| {
            let Some(chart) = charts.chart(id) else { return };
            chart.toggle_series(entry, alone);
            charts.request_frame();
        });
    }
}

/// A long legend has buttons for its first series only, until the reader asks for all of them.
#[component]
pub fn Legend(
    id: CellId,
    display: ChartDisplay,
    plot: PlotDisplay,
    is_fullscreen: Signal<bool>,
    most_rows: Signal<usize>,
) -> impl IntoView {
    let legend = NodeRef::<Div>::new();
    let ChartDisplay { is_unfolded, .. } = display;
    let total = Memo::new(move |_| plot.legend.with(Vec::len));
    let count = move || total.get().min(if is_unfolded.get() { MAX_NAMES } else { MAX_FOLDED_NAMES });
    let is_of_groups = move || plot.legend.with(|entries| entries.iter().any(|entry| entry.item.is_group()));
    let id = StoredValue::new(id);
    let left_out = RwSignal::new(0);
    let has_all_room = move || is_unfolded.get() || is_fullscreen.get();
    // The names as they are shown. Those of groups are as long as they have room for.
    let texts = Memo::new(move |_| {
        let (rows, width) = (display.rows.get(), plot.width.get());
        let is_cut = is_of_groups() && !has_all_room();
        plot.legend.with(|entries| match is_cut {
            true => group_labels(&entries.iter().map(|entry| entry.item.clone()).collect::<Vec<_>>(), width, rows),
            false => entries.iter().map(|entry| entry.short.clone()).collect(),
        })
    });
    // What the room of the legend depends on. The document is measured only when one of them has changed.
    let layout = Memo::new(move |_| (texts.get(), display.rows.get(), plot.width.get(), is_unfolded.get(), is_fullscreen.get()));
    Effect::new(move |_| {
        let rows = plot.legend.with(|entries| match is_of_groups() {
            true => rows_of_groups(entries.iter().map(|entry| &entry.item)),
            false => rows_of_names(entries.iter().map(|entry| entry.short.as_str())),
        });
        display.rows.set_if_changed(rows.min(most_rows.get()));
    });
    Effect::new(move |_| {
        // A memo that nobody reads is never calculated, and then tells of no change.
        layout.with(|_| ());
        // After the effects that change the buttons and the height of the legend, which come in any order, and before the next paint.
        request_animation_frame(move || {
            // The chart may be removed by now, and its signals with it.
            if let Some(legend) = legend.try_get_untracked().flatten() {
                let scrolls = untrack(has_all_room);
                left_out.set_if_changed(count_left_out(&legend, total.get_untracked(), scrolls));
            }
        });
    });
    let more_text = move || if is_unfolded.get() { "Show fewer".to_owned() } else { ["+ ", &left_out.get().to_string(), " more"].concat() };
    let more_names = move || {
        let names = |entries: &Vec<LegendEntry>| {
            let first = entries.len().saturating_sub(left_out.get()).min(entries.len());
            entries[first..].iter().take(MAX_FOLDED_NAMES).map(|entry| entry.item.whole_name()).collect::<Vec<_>>().join("\n")
        };
        (!is_unfolded.get()).then(|| plot.legend.with(names))
    };
    view! {
        <div class="legend" class:of-groups=is_of_groups role="group" aria-label="Series" node_ref=legend>
            <For each=move || 0..count() key=|slot| *slot let:at>
                <SeriesButton id at entries=plot.legend texts />
            </For>
        </div>
        <button
            type="button"
            class="show-more"
            hidden=move || left_out.get() == 0 && !is_unfolded.get()
            title=more_names
            on:click=move |_| is_unfolded.update(|is_unfolded| *is_unfolded = !*is_unfolded)
        >
            {more_text}
        </button>
    }
}

/// The number of names that are not in sight.
fn count_left_out(legend: &HtmlElement, total: usize, scrolls: bool) -> usize {
    let buttons = legend.children();
    let without_button = total.saturating_sub(buttons.length() as usize);
    if scrolls {
        return without_button;
    }
    let (width, height) = (legend.client_width(), legend.client_height());
    let is_out = |at: &u32| {
        let button = buttons.item(*at).map(JsCast::unchecked_into::<HtmlElement>);
        button.is_some_and(|button| button.offset_top() >= height || button.offset_left() + button.offset_width() > width + 1)
    };
    without_button + (0..buttons.length()).filter(is_out).count()
}

#[component]
fn SeriesButton(id: StoredValue<CellId>, at: usize, entries: RwSignal<Vec<LegendEntry>>, texts: Memo<Vec<String>>) -> impl IntoView {
    let charts = use_charts();
    let entry = Memo::new(move |_| entries.with(|entries| entries.get(at).cloned()));
    let show = move |text: fn(&LegendEntry) -> Option<String>| move || entry.with(|entry| entry.as_ref().and_then(text));
    let text = Memo::new(move |_| texts.with(|texts| texts.get(at).cloned()));
    let highlight = move |slot: Option<usize>| move |_: MouseEvent| id.with_value(|id| charts.highlight(id, slot));
    let whole_name = show(|entry| Some(entry.item.whole_name()));
    let toggle = move |event: MouseEvent| id.with_value(|id| charts.toggle_series(id, at, event.alt_key()));
    view! {
        <button
            type="button"
            class="series"
            data-dash=show(|entry| Some(entry.item.style.dash.to_string()))
            style=show(|entry| Some(["--series:", &hex_color(entry.color)].concat()))
            aria-pressed=show(|entry| Some(if entry.is_shown { "true" } else { "false" }.to_owned()))
            title=show(|entry| Some([&entry.item.whole_name(), "\nClick: hide or show, for you. Alt + click: show alone."].concat()))
            aria-label=move || whole_name().filter(|whole| text.with(|text| text.as_ref() != Some(whole)))
            on:mouseenter=highlight(Some(at))
            on:mouseleave=highlight(None)
            on:click=toggle
        >
            // Names of each script keep their own direction beside the swatch.
            <bdi>{move || text.get()}</bdi>
        </button>
    }
}
