//! The drawing of a line cell on the server: for the page before its script runs, and for everybody who asks for an SVG.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::Prerendered;
use crate::charts::render::svg::{self, escaped};
use crate::charts::{
    AxisTitles, CanvasSize, ChartCanvas, ChartOptions, Emphasis, LineChart, MAX_FOLDED_NAMES, SeriesStyle, SeriesView, Theme, TimeZone,
    legend_labels, needs_two_rows,
};
use crate::protocol::{Board, CellContent, CellId, LineSettings, SeriesId, XAxis};
use crate::routes::{self, PLOT_HEIGHT};
use crate::series::{Axis, Window};
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::{MAX_DRAWN_COLUMNS, MAX_DRAWN_SERIES, MAX_READ_COLUMNS};
use crate::server::store::{Record, SmoothingWeights};

/// Pixel columns of a picture that stretches over a width which nobody knows yet.
const FLUID_COLUMNS: u32 = 640;
/// Charts whose drawings stand in the page itself; those further down are fetched when they come near the screen.
const MAX_INLINE_CHARTS: usize = 12;
/// A larger drawing is fetched too, in bytes.
const MAX_INLINE_SVG_BYTES: usize = 64 << 10;

fn settings(record: &Record) -> LineSettings {
    match &record.content {
        CellContent::LineChart(settings) => settings.clone(),
        _ => LineSettings::default(),
    }
}

/// The part of a chart that is drawn, where it differs from the settings of the cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineView {
    /// The part of the x axis, `from < to`; all of it when `None`.
    pub window: Option<(f64, f64)>,
    /// The names of the series that are drawn; those that are not hidden when `None`.
    pub series: Option<Vec<String>>,
    /// The clock of wall times.
    pub zone: TimeZone,
}

/// The series that are drawn, with their places among all of the chart, and how many more are shown but not drawn.
fn choose_series<'a>(names: impl Iterator<Item = &'a str>, settings: &LineSettings, view: &LineView) -> (Vec<(usize, &'a str)>, usize) {
    let is_in = |list: &[String], name: &str| list.iter().any(|known| known == name);
    let is_shown = |name: &str| view.series.as_ref().map_or_else(|| !is_in(&settings.hidden, name), |series| is_in(series, name));
    let mut shown: Vec<_> = names.enumerate().filter(|(_, name)| is_shown(name)).collect();
    let left_out = shown.len().saturating_sub(MAX_DRAWN_SERIES);
    shown.truncate(MAX_DRAWN_SERIES);
    (shown, left_out)
}

/// The chart with what is on disk now: of many series the first 50, with fewer columns each.
pub async fn svg(
    boards: &Boards,
    record: &Arc<Record>,
    view: &LineView,
    canvas: &ChartCanvas,
    has_legend: bool,
) -> Result<String, ServerError> {
    let settings = settings(record);
    let axis = if settings.x == XAxis::Step { Axis::Step } else { Axis::Time };
    let width = match canvas.size {
        CanvasSize::Fixed { width, .. } => width.clamp(1.0, 16_384.0) as u32,
        CanvasSize::Fluid { .. } => FLUID_COLUMNS,
    };
    let (from, to) = view.window.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let (all, drawn) = {
        let index = boards.index();
        let series = index.series(&record.id);
        let drawn = choose_series(series.iter().map(|series| &*series.id.name), &settings, view).0;
        (series.len().max(1), drawn.into_iter().map(|(_, name)| name.to_owned()).collect::<Vec<_>>())
    };
    // There are at most two columns a pixel.
    let width = width.min((MAX_DRAWN_COLUMNS / 2 / drawn.len().max(1)) as u32).min((MAX_READ_COLUMNS / 2 / all) as u32).max(1);
    // Others are not smoothed: they are not drawn.
    let weight = |id: &SeriesId| if drawn.iter().any(|drawn| **drawn == *id.name) { settings.smooth } else { 0.0 };
    let weights = SmoothingWeights { of: &weight, together: drawn.len() };
    let found = boards.smoothed_columns(&record.id, Window { axis, from, to, width }, weights, &[]).await?;
    let (origin, series) = found.map(|found| (found.extent.min, found.series)).unwrap_or((0.0, Vec::new()));
    let (drawn, left_out) = choose_series(series.iter().map(|series| series.name.as_str()), &settings, view);
    let smoothed = |slot: usize| series[slot].smoothed.as_ref().map_or(&[][..], |smoothed| &smoothed.places);
    let curves: Vec<SeriesView> = drawn
        .iter()
        .map(|(slot, name)| SeriesView {
            name,
            slot: *slot,
            style: SeriesStyle::of_slot(*slot),
            fades_superseded: false,
            columns: &series[*slot].columns,
            smoothed: smoothed(*slot),
            emphasis: Emphasis::Normal,
        })
        .collect();
    let origin = Some(origin).filter(|origin| origin.is_finite());
    let all_hidden = curves.is_empty() && !series.is_empty();
    let (window, zone) = (view.window, view.zone.clone());
    let titles = AxisTitles { x: settings.x_label.as_str(), y: settings.y_label.as_str() };
    let options = ChartOptions { x_axis: settings.x, y_scale: settings.y, unit: &settings.unit, titles, window, origin, zone, all_hidden };
    let list = LineChart { options: &options, series: &curves, has_legend, left_out }.draw(canvas);
    Ok(svg::svg(&list, canvas))
}

/// Changes whenever the drawing may.
pub fn version(boards: &Boards, record: &Record) -> String {
    let index = boards.index();
    let points: u64 = index.series(&record.id).iter().map(|series| series.count()).sum();
    let seq = index.cell_series(&record.id).map_or(0, |known| known.seq);
    format!("{}-{}-{points}-{seq}", record.version, record.rev)
}

/// What stands in the page for its charts: of the first of them the drawing itself, of the others where it is to be had, which browsers
/// ask for when it comes near the screen; and the names of all series. All texts in it are escaped.
pub async fn drawn(boards: &Boards, page: &Board) -> HashMap<CellId, Prerendered> {
    let mut drawn: HashMap<CellId, Prerendered> = HashMap::new();
    let charts = page.cells.iter().filter(|cell| matches!(cell.content, CellContent::LineChart(_)));
    for (at, cell) in charts.enumerate() {
        let Some(record) = boards.index().cell(&cell.id).cloned() else { continue };
        let size = CanvasSize::Fluid { height: f64::from(PLOT_HEIGHT) };
        let canvas = ChartCanvas { size, theme: Theme::Page, title: cell.name.clone() };
        // The page fetches an SVG that failed here by its URL: that response states the error.
        let svg = if at < MAX_INLINE_CHARTS { svg(boards, &record, &LineView::default(), &canvas, false).await.ok() } else { None };
        let mut html = svg.filter(|svg| svg.len() < MAX_INLINE_SVG_BYTES).unwrap_or_else(|| {
            // Addresses have no character that ends an attribute.
            format!(
                "<img class=\"static-chart\" alt=\"\" loading=\"lazy\" decoding=\"async\" src=\"{}\">",
                escaped(&routes::line_chart_svg(&cell.id))
            )
        });
        let index = boards.index();
        let names: Vec<&str> = index.series(&record.id).iter().map(|series| &*series.id.name).collect();
        let short = legend_labels(&names);
        legend(&mut html, &names, &short, &settings(&record).hidden);
        let is_long = needs_two_rows(short.iter().map(String::as_str));
        drawn.insert(cell.id.clone(), Prerendered { html, is_long });
    }
    drawn
}

/// The names of the series, as `app::plot::legend` has them from then on.
fn legend(html: &mut String, names: &[&str], short: &[String], hidden: &[String]) {
    html.push_str("<div class=\"legend\" role=\"group\" aria-label=\"Series\">");
    for (slot, (name, text)) in names.iter().zip(short).enumerate().take(MAX_FOLDED_NAMES) {
        let is_shown = !hidden.iter().any(|hidden| hidden == name);
        let style = SeriesStyle::of_slot(slot);
        html.push_str(&format!(
            "<button type=\"button\" class=\"series\" data-series=\"{slot}\" data-dash=\"{}\" aria-pressed=\"{is_shown}\" \
             style=\"--series:var(--s{})\" title=\"{}\"><bdi>{}</bdi></button>",
            style.dash,
            style.colour,
            escaped(name),
            escaped(text)
        ));
    }
    html.push_str("</div>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_series_are_texts_in_the_page_and_bounded() {
        let mut html = String::new();
        let names = ["\"><script>alert(1)</script>", "b"];
        legend(&mut html, &names, &names.map(str::to_owned), &["b".to_owned()]);
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("aria-pressed=\"false\" style=\"--series:var(--s1)\" title=\"b\"><bdi>b</bdi></button>"), "{html}");
        let many = vec!["n"; 5000];
        html.clear();
        legend(&mut html, &many, &vec!["n".to_owned(); 5000], &[]);
        assert_eq!(html.matches("</button>").count(), MAX_FOLDED_NAMES);
    }
}
