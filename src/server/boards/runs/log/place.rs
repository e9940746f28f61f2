//! Finds the cell and the line of a metric of a run, by the rule of names and by what is there.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use crate::protocol::{ApiError, CellContent, CellId, ErrorKind, RunId, SYSTEM_SECTION, SeriesId, XAxis};
use crate::server::boards::documents::create;
use crate::server::boards::draft::Draft;
use crate::server::boards::metrics::{MetricPlace, MetricSettings, StepMetrics, cell_id, chart_by, place_metric, section_of};
use crate::server::error::ServerError;
use crate::server::limits::MAX_CHART_IDS;
use crate::server::store::Batch;

/// The cells of one `log` call.
pub struct Placement<'a> {
    pub board: &'a Arc<str>,
    pub run: &'a RunId,
    pub settings: &'a MetricSettings,
    steps: StepMetrics,
    /// The places that were found in this call, by the name of the metric.
    found: HashMap<String, (CellId, SeriesId)>,
    /// Of the metric that is placed.
    is_over_seconds: bool,
}

impl<'a> Placement<'a> {
    pub fn new(board: &'a Arc<str>, run: &'a RunId, settings: &'a MetricSettings, steps: StepMetrics) -> Self {
        Self { board, run, settings, steps, found: HashMap::new(), is_over_seconds: false }
    }

    /// The cell and the series of a metric. The cell is created if it is missing. `is_over_seconds`: the steps of its points are
    /// seconds since the start of the run.
    pub fn of_metric(&mut self, batch: &mut Batch, metric: &str, is_over_seconds: bool) -> Result<(CellId, SeriesId), ServerError> {
        if let Some(found) = self.found.get(metric) {
            return Ok(found.clone());
        }
        self.is_over_seconds = is_over_seconds;
        let place = place_of_run(metric, self.settings, &self.steps);
        let found = match self.free_series(batch, metric, &place, false)? {
            Some(found) => found,
            // Another name feeds this line: a chart of its own, for this run.
            None => {
                let own = MetricPlace { is_counter: place.is_counter, ..own_place_of_run(metric, self.settings, &self.steps) };
                self.free_series(batch, metric, &own, true)?.ok_or_else(|| no_chart(metric))?
            }
        };
        self.found.insert(metric.to_owned(), found.clone());
        Ok(found)
    }

    /// The series of a place in the first of the chart's cells that is a line. Where another name of the run feeds it there is none;
    /// with `is_own` the next cell of the chart is taken.
    fn free_series(
        &mut self,
        batch: &mut Batch,
        metric: &str,
        place: &MetricPlace,
        is_own: bool,
    ) -> Result<Option<(CellId, SeriesId)>, ServerError> {
        let series = SeriesId::of_run(self.run.clone(), place.line.as_str());
        let mut first = 1;
        while let Some((number, cell)) = self.line_cell(batch, metric, place, first)? {
            if batch.metric_of(&cell, &series).is_none_or(|known| *known == *metric) {
                return Ok(Some((cell, series)));
            }
            if !is_own {
                break;
            }
            first = number + 1;
        }
        Ok(None)
    }

    /// The first cell of the chart, from this number on, that is a line of the board or may become one, with its number. It is created
    /// if there is none.
    fn line_cell(
        &self,
        batch: &mut Batch,
        metric: &str,
        place: &MetricPlace,
        first: usize,
    ) -> Result<Option<(usize, CellId)>, ServerError> {
        for number in first..=MAX_CHART_IDS {
            let id = numbered_id(self.board, &place.chart, number);
            match batch.cell(&id) {
                Some(record) if record.board == *self.board && record.is_line() => return Ok(Some((number, id))),
                Some(record) if record.board == *self.board && record.text("type").is_empty() && record.content == CellContent::Empty => {
                    return Ok(Some((number, id)));
                }
                Some(_) => {}
                None if batch.is_in_trash_of_runs(self.board, &id, "line") => {}
                None => {
                    create(batch, self.new_line(&id, metric, place)?, None)?;
                    return Ok(Some((number, id)));
                }
            }
        }
        Ok(None)
    }

    fn new_line(&self, id: &CellId, metric: &str, place: &MetricPlace) -> Result<Draft, ApiError> {
        let mut cell = json!({ "_id": id, "board": self.board, "type": "line", "name": place.chart });
        match place.is_counter {
            true => cell["hidden"] = true.into(),
            false => cell["layout"] = json!({ "section": place.section }),
        }
        let setting = self.settings.of(metric);
        if let Some(step_metric) = self.steps.of(metric).filter(|_| setting.chart.is_none()) {
            cell["chart"]["x_label"] = step_metric.into();
        } else if self.is_over_seconds && place.section == SYSTEM_SECTION {
            // The Python client samples the machine, which knows nothing of the steps of a training.
            cell["chart"]["x_label"] = "seconds since the start of the run".into();
        }
        if let Some(unit) = setting.unit {
            cell["chart"]["unit"] = unit.into();
        }
        match setting.x {
            Some(x) if matches!(x.as_str(), "step" | "relative" | "wall") => cell["chart"]["x"] = x.into(),
            Some(metric) => {
                cell["chart"]["x"] = XAxis::Metric.name().into();
                cell["chart"]["x_metric"] = metric.into();
            }
            None => {}
        }
        Draft::from_value(cell)
    }

    /// The section of the cell of such a value, once it is created.
    pub fn section_of_value(&self, name: &str, chart: &str) -> String {
        self.settings.of(name).section.unwrap_or_else(|| section_of(chart))
    }

    /// The cell of a value of another type: the chart's first one of this type; created by the caller if it is missing.
    pub fn of_value(&self, batch: &Batch, name: &str, kind: &str) -> Result<(CellId, String, bool), ServerError> {
        let chart = self.settings.of(name).chart.unwrap_or_else(|| name.to_owned());
        for number in 1..=MAX_CHART_IDS {
            let id = numbered_id(self.board, &chart, number);
            match batch.cell(&id) {
                Some(record) if record.board == *self.board && record.text("type") == kind => return Ok((id, chart, false)),
                Some(_) => {}
                None if batch.is_in_trash_of_runs(self.board, &id, kind) => {}
                None => return Ok((id, chart, true)),
            }
        }
        Err(no_chart(name))
    }
}

/// The place of a metric of a run by its name.
pub fn place_of_run(metric: &str, settings: &MetricSettings, steps: &StepMetrics) -> MetricPlace {
    over_its_step(metric, place_metric(metric, settings), settings, steps)
}

/// The place of a metric of a run where another name of the run feeds the line of its name.
pub fn own_place_of_run(metric: &str, settings: &MetricSettings, steps: &StepMetrics) -> MetricPlace {
    over_its_step(metric, MetricPlace::of_its_own(metric), settings, steps)
}

/// The place in the chart over the metric that is the step of this one, unless the board names its chart.
fn over_its_step(metric: &str, mut place: MetricPlace, settings: &MetricSettings, steps: &StepMetrics) -> MetricPlace {
    if let Some(step_metric) = steps.of(metric)
        && settings.of(metric).chart.is_none()
    {
        place.chart = chart_by(&place.chart, step_metric);
    }
    place
}

/// The ids that a chart's cells may have, in their order.
pub fn numbered_ids(board: &str, chart: &str) -> impl Iterator<Item = CellId> {
    (1..=MAX_CHART_IDS).map(move |number| numbered_id(board, chart, number))
}

/// The ids of a chart's cells: where a cell of another type has the first one, the chart takes the next.
fn numbered_id(board: &str, chart: &str, number: usize) -> CellId {
    match number {
        1 => cell_id(board, chart),
        _ => cell_id(board, &format!("{chart} {number}")),
    }
}

fn no_chart(metric: &str) -> ServerError {
    let metric: String = metric.chars().take(80).collect();
    let message = format!("The ids of the charts of '{metric}' belong to other cells; nothing was logged. Remove one of these cells.");
    ErrorKind::Conflict.with(message).into()
}
