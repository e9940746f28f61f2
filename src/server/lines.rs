//! The drawing of a line cell on the server: for the page before its script runs, and for everybody who asks for an SVG.

use std::collections::HashMap;
use std::sync::Arc;

use super::board::Boards;
use super::error::Problem;
use super::store::Record;
use crate::chart::{Ask, Curve, Look, Place, Sheet, Theme, line};
use crate::client::urls::PLOT_HEIGHT;
use crate::protocol::{Along, Board, CellId, Settings, Stage};
use crate::series::{Axis, Window, smooth};

/// Pixel columns of a picture that stretches over a width which nobody knows yet.
const FLUID_COLUMNS: u32 = 640;
/// Charts whose drawings stand in the page itself; those further down are fetched when they come near the screen.
const DRAWN: usize = 12;

fn settings(record: &Record) -> Settings {
    match &record.stage {
        Stage::Lines(settings) => settings.clone(),
        _ => Settings::default(),
    }
}

/// The chart with what is on disk now. `window`: the part of the x axis that is shown; all of it when `None`.
pub async fn svg(boards: &Boards, record: &Arc<Record>, window: Option<(f64, f64)>, sheet: Sheet<'_>) -> Result<String, Problem> {
    let settings = settings(record);
    let axis = if settings.x == Along::Step { Axis::Step } else { Axis::Time };
    let width = match sheet.place {
        Place::Fixed { width, .. } => width.clamp(1.0, 16_384.0) as u32,
        Place::Fluid { .. } => FLUID_COLUMNS,
    };
    let (from, to) = window.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let found = boards.store.columns(&record.id, Window { axis, from, to, width }).await?;
    let (origin, series) = found.map(|found| (found.extent.min, found.series)).unwrap_or((0.0, Vec::new()));
    let is_shown = |name: &str| !settings.hidden.iter().any(|hidden| hidden == name);
    let smoothed: Vec<_> =
        series.iter().map(|series| if settings.smooth > 0.0 { smooth(&series.columns, settings.smooth) } else { Vec::new() }).collect();
    let curves: Vec<Curve> = series
        .iter()
        .zip(&smoothed)
        .enumerate()
        .filter(|(_, (series, _))| is_shown(&series.name))
        .map(|(slot, (series, smoothed))| Curve { name: &series.name, slot, columns: &series.columns, smoothed, look: Look::Normal })
        .collect();
    let origin = Some(origin).filter(|origin| origin.is_finite());
    let ask = Ask { along: settings.x, scale: settings.y, unit: &settings.unit, window, origin, offset_minutes: 0 };
    Ok(line(&ask, &curves, &sheet))
}

/// Changes whenever the drawing may.
pub fn version(boards: &Boards, record: &Record) -> String {
    let index = boards.store.index();
    let points: u64 = index.series(&record.id).iter().map(|series| series.count()).sum();
    let seq = index.cell_series(&record.id).map_or(0, |known| known.seq);
    format!("{}-{}-{points}-{seq}", record.version, record.rev)
}

/// The first charts of the page, each as the address of a picture that holds itself.
pub async fn drawn(boards: &Boards, page: &Board) -> HashMap<CellId, String> {
    let mut drawn = HashMap::new();
    let charts = page.cells.iter().filter(|cell| matches!(cell.stage, Stage::Lines(_))).take(DRAWN);
    for cell in charts {
        let Some(record) = boards.store.index().cell(&cell.id).cloned() else { continue };
        let place = Place::Fluid { height: f64::from(PLOT_HEIGHT) };
        let sheet = Sheet { place, theme: Theme::Auto, legend: false, title: &cell.name };
        // What cannot be read now is asked for by its address, whose answer says why.
        if let Ok(svg) = svg(boards, &record, None, sheet).await {
            drawn.insert(cell.id.clone(), data_uri(&svg));
        }
    }
    drawn
}

fn data_uri(svg: &str) -> String {
    let mut uri = String::with_capacity(svg.len() + svg.len() / 8);
    uri.push_str("data:image/svg+xml,");
    for part in svg.split_inclusive(['%', '#', '"', '<', '>', '&', '\n']) {
        match part.char_indices().next_back() {
            Some((at, c)) if matches!(c, '%' | '#' | '"' | '<' | '>' | '&' | '\n') => {
                uri.push_str(&part[..at]);
                uri.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => uri.push_str(part),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_in_an_address_has_no_character_that_ends_it() {
        assert_eq!(data_uri("<a b=\"#é%\"/>"), "data:image/svg+xml,%3Ca b=%22%23é%25%22/%3E");
    }
}
