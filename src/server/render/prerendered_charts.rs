//! What stands in the page for its line charts before its script runs.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use super::drawn_groups::{FoundGroups, PlannedGroups};
use super::drawn_runs::DrawnRuns;
use super::line_chart::{LineView, NUMBERS, draw, names, series_ids, series_looks};
use crate::app::{Prerendered, line_charts};
use crate::charts::render::svg::{self, escaped};
use crate::charts::{
    CanvasSize, ChartCanvas, LegendItem, MAX_FOLDED_NAMES, Theme, group_labels_of_server, is_series_hidden, legend_labels, owner_labels,
    palette, rows_of_groups, rows_of_names,
};
use crate::line_overrides::{KEY, LineOverrides};
use crate::protocol::{Board, BoardLayout, CellId, RunId};
use crate::routes::{self, PLOT_HEIGHT, decoded, query_value};
use crate::server::boards::Boards;
use crate::server::limits::MIN_EXPORT_HEIGHT;

/// Charts whose drawings stand in the page itself; those further down are fetched when they come near the screen.
const MAX_INLINE_CHARTS: usize = 12;
/// Groups with more members are not read for the page itself.
const MAX_INLINE_MEMBERS: usize = 200;
/// Charts along a metric, whose points are all read, with more of them are fetched too.
const MAX_INLINE_JOINED_POINTS: u64 = 100_000;
/// A larger drawing is fetched too, in bytes.
const MAX_INLINE_SVG_BYTES: usize = 64 << 10;

/// What stands in the page for its charts: of the first of them the drawing itself, of the others where it is to be had, which browsers
/// ask for when it comes near the screen; and the names of all series. All texts in it are escaped. `view`: what is compared, as the query
/// of a drawing says it. `address`: the query of the page.
pub async fn prerender(
    boards: &Boards,
    page: &Board,
    layout: &BoardLayout,
    address: &str,
    (view, query): (&LineView, &str),
) -> HashMap<CellId, Prerendered> {
    let mut drawn: HashMap<CellId, Prerendered> = HashMap::new();
    let mut runs = DrawnRuns::find(boards, &page.name, view.runs.as_deref());
    if let Some(colours) = &view.colours {
        runs.colour_by(colours);
    }
    let overrides = LineOverrides::parse(&decoded(query_value(address, KEY).unwrap_or_default()), NUMBERS);
    let cancelled = CancellationToken::new();
    // Once for all charts. What is wrong with the search is said where they are drawn.
    let found = match &view.groups {
        Some(groups) => FoundGroups::find(boards, &page.name, groups).await.ok(),
        None => None,
    };
    for (at, (cell, size)) in line_charts(layout, &page.cells).into_iter().enumerate() {
        let Some(record) = boards.index().cell(&cell.id).cloned() else { continue };
        let own = overrides.of(&cell.id, cell.layout.section.as_deref());
        let view = &LineView { overrides: own, ..view.clone() };
        let settings = view.settings(&record);
        let groups = match &found {
            Some(found) => found.plan(boards, (&page.name, &cell.id), &settings).await.ok(),
            None => None,
        };
        let ids = if view.groups.is_some() { Vec::new() } else { series_ids(&boards.index(), &record.id, &runs) };
        let (_, styles) = series_looks(&ids, &runs);
        let mut items = groups.as_ref().map_or_else(|| names(&ids, &styles, &runs), PlannedGroups::legend);
        if groups.is_some() {
            // As the page has them: what the dashes mean is first.
            items.sort_by_key(|item| !item.is_split);
        }
        let labels: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let has_owners = ids.iter().any(|id| id.run.is_some());
        let (short, rows) = if groups.is_some() {
            let rows = rows_of_groups(items.iter()).min(size.most_legend_rows());
            (group_labels_of_server(&items, rows), rows)
        } else {
            let short = if has_owners { owner_labels(&labels) } else { legend_labels(&labels) };
            let rows = rows_of_names(short.iter().map(String::as_str));
            (short, rows)
        };
        let height = size.plot_height(rows).unwrap_or(PLOT_HEIGHT).max(MIN_EXPORT_HEIGHT as u32);
        let size = CanvasSize::Fluid { height: f64::from(height) };
        let canvas = ChartCanvas { size, theme: Theme::Page, title: cell.name.clone() };
        let is_small = groups.as_ref().is_none_or(|groups| groups.members() <= MAX_INLINE_MEMBERS);
        let is_quick = settings.along_metric().is_none_or(|metric| {
            boards.joined_points(&cell.id, metric, &runs.ids()).is_ok_and(|points| points <= MAX_INLINE_JOINED_POINTS)
        });
        // The page fetches an SVG that failed here by its URL: that response states the error.
        let drawing = if at < MAX_INLINE_CHARTS && is_small && is_quick {
            draw(boards, &record, view, groups.as_ref().map(|groups| (groups, &cancelled)), &canvas, false).await.ok()
        } else {
            None
        };
        let svg = drawing.map(|(list, canvas)| svg::svg(&list, &canvas));
        let mut html = svg.filter(|svg| svg.len() < MAX_INLINE_SVG_BYTES).unwrap_or_else(|| {
            format!(
                "<img class=\"static-chart\" alt=\"\" loading=\"lazy\" decoding=\"async\" src=\"{}\">",
                escaped(&(routes::line_chart_svg(&cell.id, height) + query + &view.overrides.query(NUMBERS)))
            )
        });
        let is_shown = |slot: &usize| {
            ids.get(*slot).is_none_or(|id| !is_series_hidden(&settings.hidden, id.run.as_ref().map(RunId::as_str), &id.name))
        };
        let entries = items.iter().zip(&short);
        legend(
            &mut html,
            groups.is_some(),
            entries.map(|(item, short)| LegendEntry { item, short, is_shown: item.slots.iter().any(is_shown) }),
        );
        drawn.insert(cell.id.clone(), Prerendered { html, rows });
    }
    drawn
}

struct LegendEntry<'a> {
    item: &'a LegendItem,
    short: &'a str,
    is_shown: bool,
}

/// The names of the series, as the page's own legend has them from then on.
fn legend<'a>(html: &mut String, is_of_groups: bool, entries: impl Iterator<Item = LegendEntry<'a>>) {
    html.push_str(if is_of_groups { "<div class=\"legend of-groups\"" } else { "<div class=\"legend\"" });
    html.push_str(" role=\"group\" aria-label=\"Series\">");
    for (at, LegendEntry { item: item @ LegendItem { style, is_split, .. }, short, is_shown }) in entries.enumerate().take(MAX_FOLDED_NAMES)
    {
        let colour = if *is_split { "muted".to_owned() } else { format!("s{}", palette::place(style.colour)) };
        html.push_str(&format!(
            "<button type=\"button\" class=\"series\" data-series=\"{at}\" data-dash=\"{}\" aria-pressed=\"{is_shown}\" \
             style=\"--series:var(--{colour})\" title=\"{}\"><bdi>{}</bdi></button>",
            style.dash,
            escaped(&item.whole_name()),
            escaped(short)
        ));
    }
    html.push_str("</div>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{NamedSeries, SeriesStyle, legend_items};

    #[test]
    fn names_of_series_are_texts_in_the_page_and_bounded() {
        let mut html = String::new();
        let items = |names: &[&str]| {
            let styled = |(slot, name)| NamedSeries { slot, owner: None, name, style: SeriesStyle::of_slot(slot) };
            legend_items(names.iter().copied().enumerate().map(styled), false)
        };
        fn entry(item: &LegendItem) -> LegendEntry<'_> {
            LegendEntry { item, short: &item.name, is_shown: item.name != "b" }
        }
        legend(&mut html, false, items(&["\"><script>alert(1)</script>", "b"]).iter().map(entry));
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("aria-pressed=\"false\" style=\"--series:var(--s1)\" title=\"b\"><bdi>b</bdi></button>"), "{html}");
        html.clear();
        legend(&mut html, false, items(&vec!["n"; 5000]).iter().map(entry));
        assert_eq!(html.matches("</button>").count(), MAX_FOLDED_NAMES);
    }
}
