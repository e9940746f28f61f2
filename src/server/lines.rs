//! The drawing of a line cell on the server: for the page before its script runs, and for everybody who asks for an SVG.

use std::sync::Arc;

use super::board::Boards;
use super::error::Problem;
use super::store::Record;
use crate::chart::{Ask, Curve, Look, Place, Sheet, line};
use crate::protocol::{Along, Settings, Stage};
use crate::series::{Axis, Window, smooth};

/// Pixel columns of a picture that stretches over a width which nobody knows yet.
const FLUID_COLUMNS: u32 = 640;

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
