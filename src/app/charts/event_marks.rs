//! The marks of the board in the charts of the page: the canvas has their lines, and a list over it their texts, which are seen near the
//! crosshair.

use leptos::prelude::*;

use super::chart_runs::ChartRuns;
use super::chart_state::ChartState;
use super::display::{Crosshair, MarkText, hex_color};
use super::registry::ChartRegistry;
use crate::charts::event_marks::{EventMark, MarkedRun, event_marks, mark_text, marks_within};
use crate::protocol::{Mark, RunId};

/// Within this distance of the crosshair a text is seen, in CSS pixels.
const NEAR: i32 = 6;
/// Texts whose lines are this close stand below each other, in so many rows.
const ROW_DISTANCE: i32 = 2 * NEAR;
const MAX_ROWS: usize = 4;

impl ChartRegistry {
    /// The marks of the board.
    pub fn set_marks(self, marks: &[Mark]) {
        self.update(|charts| {
            if charts.runs.marks != marks {
                charts.runs.marks = marks.to_vec();
                charts.list.iter_mut().for_each(|chart| chart.is_dirty = true);
                charts.request_frame();
            }
        });
    }
}

impl ChartState {
    /// The marks along the axis of this chart, of runs whose curves are drawn in it.
    pub fn event_marks(&self, runs: &ChartRuns) -> Vec<EventMark> {
        let run_of = |id: &RunId| {
            let mut own = self.cache.series.iter().filter(|series| series.run.as_ref() == Some(id));
            let run = runs.get(id).filter(|_| runs.grouping.is_none())?;
            let origin = own.find(|series| !self.is_hidden(series))?.origin;
            Some(MarkedRun { colour: Some(run.colour).filter(|_| !runs.has_one_run()), origin })
        };
        event_marks(&runs.marks, self.x_axis(runs).x, run_of)
    }

    /// The texts of the marks in sight, from left to right.
    pub fn mark_texts(&self, marks: &[EventMark], runs: &ChartRuns, is_dark: bool) -> Vec<MarkText> {
        let Some(layout) = &self.layout else { return Vec::new() };
        let (middle, mut before) = ((layout.left + layout.width / 2.0) as i32, None::<(i32, usize)>);
        let text = |mark: &EventMark| {
            let left = layout.px(mark.x) as i32;
            let row = before.filter(|(at, _)| left - at <= ROW_DISTANCE).map_or(0, |(_, row)| (row + 1) % MAX_ROWS);
            before = Some((left, row));
            // The text is on the side where there is more room.
            let (is_left, right) = (left > middle, layout.size.width as i32 - left);
            let text = mark_text(mark, self.x_axis(runs).x);
            MarkText { left, right, is_left, row, text, color: mark.ink.colour(is_dark) }
        };
        marks_within(marks, (layout.x.lo, layout.x.hi)).into_iter().map(text).collect()
    }
}

/// The texts of the marks, from left to right.
#[component]
pub fn MarkTexts(#[prop(into)] marks: Signal<Vec<MarkText>>, #[prop(into)] crosshair: Signal<Option<Crosshair>>) -> impl IntoView {
    let item = move |MarkText { left, right, is_left, row, text, color }: MarkText| {
        let is_near = move || crosshair.get().is_some_and(|place| (place.left - left).abs() <= NEAR);
        let (side, at) = if is_left { ("right:", right) } else { ("left:", left) };
        let style = [side, &at.to_string(), "px;--row:", &row.to_string(), ";--series:", &hex_color(color)].concat();
        view! {
            <li class:near=is_near style=style>
                {text}
            </li>
        }
    };
    move || {
        marks.with(|marks| {
            (!marks.is_empty()).then(|| {
                view! {
                    <ul class="mark-texts" aria-label="Marks">
                        {marks.iter().cloned().map(item).collect_view()}
                    </ul>
                }
            })
        })
    }
}
