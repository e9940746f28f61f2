//! What differs from the run before on this board: keys of the documents, and the metric that runs are compared by.

use gloo_net::http::Method;
use leptos::either::Either;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::cell_text::number_text;
use super::diff::{Compared, DiffColumns, query_of_runs};
use super::diff_rows::{DiffRow, different_rows};
use super::open;
use crate::app::state::{Dashboard, use_dashboard};
use crate::browser::fetch;
use crate::charts::format_number;
use crate::protocol::{ColumnKind, Run, RunId, RunList};
use crate::routes::of_runs;

/// Further keys are in the dialog.
const MAX_ROWS: usize = 8;
/// Longer values are cut, in characters.
const MAX_TEXT: usize = 60;

#[component]
pub fn PreviousRun(id: RunId, compared: Compared) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let pair = Memo::new(move |_| {
        runs.list.with(|list| {
            let run = list.get(&id)?;
            Some((previous_run(list, &id)?.clone(), run.clone()))
        })
    });
    // Points change the runs too; the documents change with these.
    let documents = Memo::new(move |_| pair.with(|pair| pair.as_ref().map(|(before, now)| [document_of(before), document_of(now)])));
    let diff = RwSignal::new(None::<Value>);
    Effect::new(move |_| {
        let Some([(before, _), (now, _)]) = documents.get() else { return };
        let address = of_runs(&dashboard.page().board, "run-diff", &query_of_runs(&[before, now]));
        spawn_local(async move {
            if let Ok(reply) = fetch::api::<Value>(Method::GET, &address, None).await {
                diff.try_set(Some(reply));
            }
        });
    });
    let changes = move || {
        let mut rows = diff.with(|diff| diff.as_ref().map(different_rows))?;
        if rows.is_empty() {
            return Some(Either::Left(view! { <p>"Their configurations are equal."</p> }));
        }
        let more = rows.len().saturating_sub(MAX_ROWS);
        rows.truncate(MAX_ROWS);
        let compare = move |_| {
            if let Some([(before, _), (now, _)]) = documents.get_untracked() {
                compared.set(Some(DiffColumns::of_runs(&[before, now])));
            }
        };
        let label = if more > 0 { ["And ", &more.to_string(), " more keys"].concat() } else { "Compare configurations".to_owned() };
        let content = view! {
            <dl>{rows.into_iter().map(change).collect_view()}</dl>
            <p>
                <button type="button" class="quiet" on:click=compare>
                    {label}
                </button>
            </p>
        };
        Some(Either::Right(content))
    };
    let before = Memo::new(move |_| pair.with(|pair| pair.as_ref().map(|(before, _)| (before.id.clone(), before.name.clone()))));
    let metric = move || {
        let metric = compared_metric(dashboard)?;
        let text = pair.with(|pair| pair.as_ref().and_then(|(before, now)| difference_text(&metric, before, now)))?;
        Some(view! {
            <dl>
                <dt>{metric}" last"</dt>
                <dd>{text}</dd>
            </dl>
            <p>"One run each: chance alone may cause this."</p>
        })
    };
    move || {
        let (id, name) = before.get()?;
        Some(view! {
            <section class="previous-run" aria-label="Compared with the previous run">
                <p>
                    "Compared with "
                    <button type="button" class="quiet" on:click=move |_| open(dashboard, Some(id.clone()))>
                        <bdi>{name}</bdi>
                    </button> ", the run before:"
                </p>
                {changes}
                {metric}
            </section>
        })
    }
}

/// `lr`: `0.001 → 0.0003`.
fn change(row: DiffRow) -> impl IntoView {
    let mut texts = row.cells.into_iter().map(|cell| shorten(cell.text));
    let before = texts.next().unwrap_or_default() + " → ";
    view! {
        <dt>{row.key}</dt>
        <dd>
            {before} <b>{texts.next()}</b>
        </dd>
    }
}

fn shorten(text: String) -> String {
    if text.chars().count() <= MAX_TEXT { text } else { text.chars().take(MAX_TEXT).chain(['…']).collect() }
}

/// A run, and the revision of its document.
fn document_of(run: &Run) -> (RunId, u64) {
    (run.id.clone(), run.rev)
}

/// The run that was created before this one and is not archived.
fn previous_run<'a>(list: &'a RunList, id: &RunId) -> Option<&'a Run> {
    let at = list.runs.iter().position(|run| run.id == *id)?;
    list.runs[at + 1..].iter().find(|run| !run.archived)
}

/// The chosen metric, else that of the groups, else the first one of the table, which is the goal of the board if it has one.
fn compared_metric(dashboard: Dashboard) -> Option<String> {
    let runs = dashboard.runs;
    let chosen = runs.comparison.with(|comparison| comparison.metric.clone());
    chosen.or_else(|| {
        runs.rows.with(|rows| {
            let of_groups = rows.groups.as_ref().and_then(|groups| groups.metric.clone());
            let of_table = || {
                let column = rows.table.columns.iter().find(|column| column.kind == ColumnKind::Metric)?;
                Some(column.key.strip_prefix("metrics.")?.rsplit_once('.')?.0.to_owned())
            };
            of_groups.or_else(of_table)
        })
    })
}

/// `0.93 → 0.94 (+0.4 %)`; `None` if one of them has no value.
fn difference_text(metric: &str, before: &Run, now: &Run) -> Option<String> {
    let last = |run: &Run| run.last.iter().find(|last| last.metric == metric).map(|last| last.value);
    let (before, now) = (last(before)?, last(now)?);
    let percent = 100.0 * (now - before) / before.abs();
    let sign = if percent > 0.0 { " (+" } else { " (" };
    let mut text = [format_number(before), format_number(now)].join(" → ").replace('-', "−");
    if percent.is_finite() {
        text.extend([sign, &number_text(percent, Some(1)), " %)"]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{LastValue, RunStatus};

    fn run(id: &str, archived: bool, value: Option<f64>) -> Run {
        Run {
            id: RunId::parse(id).unwrap(),
            name: id.into(),
            colour: 0,
            status: RunStatus::Finished,
            hidden: false,
            archived,
            has_warning: false,
            group: String::new(),
            tags: Vec::new(),
            created_order: 0,
            rev: 1,
            started_ms: 0,
            ended_ms: None,
            last_sign_ms: 0,
            interval: None,
            last: value.map(|value| LastValue { metric: "val/acc".into(), value }).into_iter().collect(),
            non_finite: None,
        }
    }

    #[test]
    fn the_previous_run_is_the_next_older_one_that_is_not_archived() {
        let list = RunList { run_seq: 0, runs: vec![run("c", false, None), run("b", true, None), run("a", false, None)] };
        let previous = |id: &str| previous_run(&list, &RunId::parse(id).unwrap()).map(|run| run.name.clone());
        assert_eq!((previous("c").as_deref(), previous("a"), previous("x")), (Some("a"), None, None));
    }

    #[test]
    fn a_difference_has_its_sign_and_its_share() {
        let text = |before, now| difference_text("val/acc", &run("a", false, before), &run("b", false, now));
        assert_eq!(text(Some(0.5), Some(0.502)).as_deref(), Some("0.5 → 0.502 (+0.4 %)"));
        assert_eq!(text(Some(-2.0), Some(-3.0)).as_deref(), Some("−2 → −3 (−50.0 %)"));
        assert_eq!(text(Some(0.0), Some(1.0)).as_deref(), Some("0 → 1"));
        assert_eq!(text(None, Some(1.0)), None);
        assert_eq!(shorten("x".repeat(61)).chars().count(), 61);
    }
}
