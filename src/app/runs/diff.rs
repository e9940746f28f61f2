//! The dialog that compares the configurations of runs, or of groups. The reply of `run-diff` compares values by their type.

use gloo_net::http::Method;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::PanelContext;
use super::diff_metrics::{metric_rows, metrics_of_groups, metrics_of_runs};
use super::diff_rows::{self, DiffCell, DiffRow, different_rows, equal_rows};
use super::row_content::series_color;
use crate::app::erased::Erase;
use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, RowKey, RunRows, use_dashboard};
use crate::browser::fetch;
use crate::protocol::{ApiError, Direction, GroupId, RunId, RunTable, group_letter};
use crate::routes::{encoded, of_runs};

/// The server compares so many at most.
pub const MAX_COLUMNS: usize = 50;

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffColumns {
    /// The query of `run-diff` without its reference.
    query: String,
    /// The column that the others are compared with at first; empty: the first one.
    reference: String,
}

impl DiffColumns {
    pub fn of_runs(ids: &[RunId]) -> Self {
        Self { query: query_of_runs(ids), reference: String::new() }
    }

    /// The groups of the table in its order, with the baseline or else the best one as the reference; `None` if there are fewer than two.
    pub fn of_groups(dashboard: Dashboard) -> Option<Self> {
        let (q, by) = dashboard.runs.comparison.with(|comparison| (encoded(&comparison.q), encoded(&comparison.by.join(","))));
        let (ids, reference) = dashboard.runs.rows.with(groups_and_reference);
        let search = if q.is_empty() { "" } else { "&q=" };
        let query = || ["by=", &by, "&groups=", &ids.join(","), search, &q].concat();
        (ids.len() > 1 && !by.is_empty()).then(|| Self { query: query(), reference })
    }
}

/// The ids of the first groups of the table, and that of the baseline, else of the best mean; empty if no end is the better one.
fn groups_and_reference(rows: &RunRows) -> (Vec<String>, String) {
    let groups: Vec<_> = rows.sections.iter().filter_map(|section| section.group.as_ref()).take(MAX_COLUMNS).collect();
    let best = || {
        let known = groups.iter().filter_map(|group| Some((group, group.mean?)));
        let best = match rows.groups.as_ref()?.direction? {
            Direction::Min => known.min_by(|(_, a), (_, b)| a.total_cmp(b)),
            Direction::Max => known.max_by(|(_, a), (_, b)| a.total_cmp(b)),
        };
        best.map(|(group, _)| group)
    };
    let reference = groups.iter().find(|group| group.is_baseline).or_else(best);
    (groups.iter().map(|group| group.id.to_string()).collect(), reference.map(|group| group.id.to_string()).unwrap_or_default())
}

/// `None`: the dialog is closed.
pub type Compared = RwSignal<Option<DiffColumns>>;

/// The query that compares these runs.
pub fn query_of_runs(ids: &[RunId]) -> String {
    ["runs=", &ids.iter().map(RunId::as_str).collect::<Vec<_>>().join(",")].concat()
}

/// Shown while something is compared.
#[component]
pub fn ConfigDiff(compared: Compared) -> impl IntoView {
    let deferred = use_dashboard().deferred;
    move || compared.read().is_some().then(|| deferred.get()).flatten().map(|code| (code.config_diff)())
}

/// The open dialog, which belongs to the second part of the page's code.
pub fn config_diff() -> AnyView {
    let PanelContext { compared, .. } = expect_context();
    compared.get_untracked().map(|columns| view! { <DiffDialog columns compared /> }).erase_built()
}

/// Opens when it is created, and is removed when it closes.
#[component]
fn DiffDialog(columns: DiffColumns, compared: Compared) -> impl IntoView {
    let DiffColumns { query, reference } = columns;
    let dashboard = use_dashboard();
    let dialog = NodeRef::<html::Dialog>::new();
    dialog.on_load(|dialog| {
        let _ = dialog.show_modal();
    });
    let diff = RwSignal::new(None::<Result<Value, ApiError>>);
    // The runs with their metrics; groups are in the table of the panel.
    let table = RwSignal::new(None::<RunTable>);
    if query.starts_with("runs=") {
        let address = of_runs(&dashboard.page().board, "run-table", &["$limit=50&archived=true&", &query].concat());
        spawn_local(async move {
            if let Ok(found) = fetch::api::<RunTable>(Method::GET, &address, None).await {
                table.try_set(Some(found));
            }
        });
    }
    // The column that the reader has chosen; empty: the first one.
    let reference = RwSignal::new(reference);
    let is_all = RwSignal::new(false);
    Effect::new(move |_| {
        let id = reference.get();
        let joint = if id.is_empty() { "" } else { "&reference=" };
        let address = of_runs(&dashboard.page().board, "run-diff", &[&query, joint, &id].concat());
        spawn_local(async move {
            let reply = fetch::api::<Value>(Method::GET, &address, None).await;
            // The reader may have chosen another one meanwhile.
            if reference.try_with_untracked(|now| *now == id) == Some(true) {
                diff.set(Some(reply));
            }
        });
    });
    let with = move |read: &dyn Fn(&Value) -> Vec<DiffRow>| {
        diff.with(|diff| diff.as_ref().and_then(|diff| diff.as_ref().ok()).map(read).unwrap_or_default())
    };
    let different = Memo::new(move |_| with(&different_rows));
    let equal = Memo::new(move |_| with(&equal_rows));
    // The heads stay in the document when another reference is chosen, so that the focus does.
    let heads =
        Memo::new(move |_| diff.with(|diff| diff.as_ref().and_then(|diff| diff.as_ref().ok()).map(diff_rows::columns).unwrap_or_default()));
    let metrics = Memo::new(move |_| {
        let columns = heads.get();
        let chosen = reference.with(|reference| columns.iter().position(|id| id == reference).unwrap_or(0));
        let of_runs = table.with(|table| table.as_ref().map(|table| metrics_of_runs(table, &columns)));
        let metrics = of_runs.unwrap_or_else(|| dashboard.runs.rows.with(|rows| metrics_of_groups(rows, &columns)));
        metric_rows(&metrics, chosen)
    });
    let summary = move || {
        let known = diff.with(|diff| diff.as_ref().map(|diff| diff.as_ref().err().map(|error| error.message.clone())));
        match known {
            None => "Loading …".to_owned(),
            Some(Some(message)) => message,
            Some(None) => {
                let (differ, equal) = (different.with(Vec::len), equal.with(Vec::len));
                [differ.to_string().as_str(), if differ == 1 { " key differs, " } else { " keys differ, " }, &equal.to_string(), " equal."]
                    .concat()
            }
        }
    };
    let head = move |(at, id): (usize, String)| {
        let (letter, name, color) = column_name(dashboard, &id);
        let letter = (!letter.is_empty()).then(|| view! { <em class="letter">{letter}</em> });
        let of_button = id.clone();
        let is_reference = Memo::new(move |_| reference.with(|chosen| if chosen.is_empty() { at == 0 } else { *chosen == id }));
        view! {
            <th scope="col" class:reference=move || is_reference.get()>
                <button
                    type="button"
                    class="run-name"
                    style=color
                    aria-pressed=move || if is_reference.get() { "true" } else { "false" }
                    title=["Compare with ", &name].concat()
                    on:click=move |_| reference.set_if_changed(of_button.clone())
                >
                    {letter}
                    <bdi>{name.clone()}</bdi>
                </button>
                <small>{move || if is_reference.get() { "reference" } else { "" }}</small>
            </th>
        }
    };
    let body = move || {
        let mut rows = different.get();
        if is_all.get() {
            rows.extend(equal.get());
        }
        rows.into_iter().map(row).collect_view()
    };
    view! {
        <dialog class="config-diff" aria-labelledby="diff-title" closedby="any" node_ref=dialog on:close=move |_| compared.set(None)>
            <h2 id="diff-title">"Configurations"</h2>
            <p>
                <span role="status">{summary}</span>
                <label>
                    <input type="checkbox" on:change:target=move |event| is_all.set(event.target().checked()) />
                    "Show equal keys"
                </label>
            </p>
            <div class="diff-scroll" role="region" aria-label="Values" tabindex="0">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"key"</th>
                            {move || heads.get().into_iter().enumerate().map(head).collect_view()}
                        </tr>
                    </thead>
                    <tbody>{body}</tbody>
                    <tbody class="metrics">{move || metrics.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}

fn row(row: DiffRow) -> impl IntoView {
    let cell = |DiffCell { text, type_name, class, note }: DiffCell| {
        view! {
            <td class=class>
                {(!type_name.is_empty()).then(|| view! { <em>{type_name}" "</em> })} {text}
                {(!note.is_empty()).then(|| view! { " " <small>{note}</small> })}
            </td>
        }
    };
    view! {
        <tr>
            <th scope="row">{row.key}</th>
            {row.cells.into_iter().map(cell).collect_view()}
        </tr>
    }
}

/// The letter of a group, the name of a run or of a group, and its colour.
fn column_name(dashboard: Dashboard, id: &str) -> (String, String, String) {
    let run = RunId::parse(id).and_then(|id| dashboard.runs.run_untracked(&id));
    let of_run = run.map(|run| (String::new(), run.name.clone(), series_color(dashboard.runs.colour(&run))));
    let of_group = || {
        let key = RowKey::Group(GroupId::parse(id)?);
        dashboard.runs.rows.with_untracked(|rows| {
            let group = rows.sections[rows.find(&key)?.section].group.as_ref()?;
            Some((group_letter(group.index), group.label.clone(), series_color(group.index as usize)))
        })
    };
    of_run.or_else(of_group).unwrap_or_else(|| (String::new(), id.to_owned(), String::new()))
}
