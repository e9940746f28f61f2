//! Marks on a line chart: events of a training, such as a new learning rate. `mark_lines` draws them.

use super::display_list::Ink;
use super::text_metrics::format_number;
use crate::protocol::{Mark, RunId, XAxis};
use crate::sorting;

/// A chart draws the newest marks in its range, at most so many.
pub const MAX_DRAWN_MARKS: usize = 100;
/// Marks that a summary names: more than a listener can follow.
const MAX_NAMED_MARKS: usize = 8;

/// A mark where a chart draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventMark {
    /// A step, or seconds since 1970, as the chart's x axis has it.
    pub x: f64,
    pub ink: Ink,
    pub text: String,
}

/// What a mark takes from its run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarkedRun {
    /// The slot of its colour; `None` where its curves have several.
    pub colour: Option<usize>,
    /// What its times count from, in seconds since 1970.
    pub origin: f64,
}

/// The marks of a board that a chart has: those along its axis that are of no run, or of a run that it draws. Along time since the start
/// only marks of runs have a place, at their time. `run_of`: a run that is drawn.
pub fn event_marks(marks: &[Mark], axis: XAxis, run_of: impl Fn(&RunId) -> Option<MarkedRun>) -> Vec<EventMark> {
    let place = |mark: &Mark| {
        let run = match &mark.run {
            Some(run) => Some(run_of(run)?),
            None => None,
        };
        let x = match axis {
            XAxis::Step => mark.step,
            XAxis::Wall => mark.time,
            // No place along it is known.
            XAxis::Metric => None,
            XAxis::Relative => mark.time.zip(run).map(|(time, run)| time - run.origin),
        }?;
        let ink = mark.colour.map(usize::from).or(run.and_then(|run| run.colour)).map_or(Ink::Axis, Ink::Series);
        Some(EventMark { x, ink, text: mark.text.clone() })
    };
    marks.iter().filter_map(place).collect()
}

/// The marks in a range of the x axis, in its order.
pub fn marks_within(marks: &[EventMark], (from, to): (f64, f64)) -> Vec<&EventMark> {
    let mut shown: Vec<&EventMark> = marks.iter().filter(|mark| mark.x >= from && mark.x <= to).collect();
    shown.drain(..shown.len().saturating_sub(MAX_DRAWN_MARKS));
    sorting::sort_by(&mut shown, |a, b| a.x.total_cmp(&b.x));
    shown
}

/// The text of a mark with its step.
pub fn mark_text(mark: &EventMark, axis: XAxis) -> String {
    if axis == XAxis::Step { [&mark.text, " at ", &format_number(mark.x)].concat() } else { mark.text.clone() }
}

/// The marks in a range of the x axis in words, after a blank; empty without marks.
pub fn summarize_marks(marks: &[EventMark], axis: XAxis, range: (f64, f64)) -> String {
    let shown = marks_within(marks, range);
    if shown.is_empty() {
        return String::new();
    }
    let named: Vec<String> = shown.iter().take(MAX_NAMED_MARKS).map(|mark| mark_text(mark, axis)).collect();
    let more = match shown.len() - named.len() {
        0 => String::new(),
        more => ["; and ", &more.to_string(), " more"].concat(),
    };
    [" Marks: ", &named.join("; "), &more, "."].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(run: Option<&str>, step: Option<f64>, time: Option<f64>, colour: Option<u8>) -> Mark {
        Mark { id: "m".into(), run: run.and_then(RunId::parse), step, time, text: "new rate".into(), colour }
    }

    fn at(x: f64) -> EventMark {
        EventMark { x, ink: Ink::Axis, text: "new rate".into() }
    }

    #[test]
    fn a_mark_stands_along_its_axis_in_its_colour_or_that_of_its_run() {
        let marks = [
            mark(Some("a"), Some(3.0), None, None),
            mark(Some("a"), Some(4.0), None, Some(5)),
            mark(Some("hidden"), Some(5.0), None, Some(5)),
            mark(None, Some(6.0), None, None),
            mark(None, None, Some(1.7e9), Some(0)),
            mark(Some("a"), None, Some(1.7e9 + 30.0), None),
        ];
        let of = |axis| -> Vec<(f64, Ink)> {
            let run_of = |run: &RunId| (run.as_str() == "a").then_some(MarkedRun { colour: Some(2), origin: 1.7e9 - 60.0 });
            event_marks(&marks, axis, run_of).into_iter().map(|mark| (mark.x, mark.ink)).collect()
        };
        assert_eq!(of(XAxis::Step), [(3.0, Ink::Series(2)), (4.0, Ink::Series(5)), (6.0, Ink::Axis)]);
        assert_eq!(of(XAxis::Wall), [(1.7e9, Ink::Series(0)), (1.7e9 + 30.0, Ink::Series(2))]);
        assert_eq!(of(XAxis::Relative), [(90.0, Ink::Series(2))], "since the start of its run");
    }

    #[test]
    fn a_summary_names_the_first_marks_in_the_range() {
        let marks: Vec<EventMark> = (0..10).map(|step| at(f64::from(step))).collect();
        assert_eq!(summarize_marks(&marks, XAxis::Step, (2.0, 3.0)), " Marks: new rate at 2; new rate at 3.");
        assert!(summarize_marks(&marks, XAxis::Step, (0.0, 9.0)).ends_with("; new rate at 7; and 2 more."));
        assert_eq!(summarize_marks(&marks, XAxis::Wall, (2.0, 2.0)), " Marks: new rate.");
        assert_eq!(summarize_marks(&[], XAxis::Step, (0.0, 9.0)), "");
    }
}
