//! One run: its status, what is known of its start, its configuration and its last values. Here it is renamed and removed.

use std::time::Duration;

use gloo_net::http::Method;
use leptos::either::Either;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::config_table::ConfigTable;
use super::console::Console;
use super::description::{Described, Description};
use super::diff::Compared;
use super::document::{Row, about, command, config, own_charts};
use super::previous_run::PreviousRun;
use super::row_content::series_color;
use super::run_state::{RunState, duration, non_finite_text};
use super::{PanelContext, Stepped, neighbour, open, rows_table, step};
use crate::app::erased::Erase;
use crate::app::state::use_dashboard;
use crate::browser::{fetch, local_time};
use crate::charts::format_number;
use crate::protocol::{Run, RunId};
use crate::routes;

/// The server's limit for names, in characters.
const MAX_NAME: &str = "200";

/// Delay of the next attempt to read the document.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The details of a run, which belong to the second part of the page's code.
pub fn run_details(id: RunId) -> AnyView {
    let PanelContext { compared, stepped } = expect_context();
    view! { <RunDetails id compared stepped /> }.erase_built()
}

#[component]
fn RunDetails(id: RunId, compared: Compared, stepped: Stepped) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let run = Memo::new({
        let id = id.clone();
        move |_| runs.run(&id)
    });
    // The last one that could be read, and why a newer one could not.
    let (document, failure) = (RwSignal::new(None::<Value>), RwSignal::new(String::new()));
    let attempt = RwSignal::new(0_u32);
    // Again after each change of the document, and when the run has another metric, which may have a chart of its own.
    let state = Memo::new(move |_| run.with(|run| run.as_ref().map(|run| (run.rev, run.last.len()))));
    let address = routes::run(&dashboard.page().board, &id);
    Effect::new(move |_| {
        attempt.track();
        if state.get().is_none() {
            return;
        }
        let address = address.clone();
        spawn_local(async move {
            match fetch::api::<Value>(Method::GET, &address, None).await {
                Ok(answer) => {
                    document.try_set(Some(answer));
                    failure.try_set(String::new());
                }
                Err(error) => {
                    failure.try_set(error.message);
                    set_timeout(move || attempt.try_update(|attempt| *attempt += 1).unwrap_or_default(), RETRY_DELAY);
                }
            }
        });
    });
    let renaming = runs.renaming;
    let [back, newer, older] = [NodeRef::<html::Button>::new(), NodeRef::new(), NodeRef::new()];
    // The button that led here has the focus still; the field for the name takes it itself.
    let is_possible = |later: &bool| untrack(|| neighbour(dashboard, &id, *later).is_some());
    let pressed = stepped.try_update_value(Option::take).flatten().filter(is_possible);
    let first = match pressed {
        None => back,
        Some(true) => older,
        Some(false) => newer,
    };
    first.on_load(move |button| {
        if !renaming.get_untracked() {
            let _ = button.focus();
        }
    });
    let has_neighbour = [false, true].map(|later| {
        let id = id.clone();
        Memo::new(move |_| neighbour(dashboard, &id, later).is_some())
    });
    let step_button = move |later: bool, label: &'static str, text: &'static str, node_ref| {
        let has_neighbour = has_neighbour[usize::from(later)];
        let press = move |_| {
            stepped.set_value(Some(later));
            step(dashboard, later);
        };
        view! {
            <button type="button" node_ref=node_ref aria-label=label title=label disabled=move || !has_neighbour.get() on:click=press>
                {text}
            </button>
        }
    };
    on_cleanup(move || renaming.set(false));
    let (removed, described, compared_id, console) = (id.clone(), id.clone(), id.clone(), id.clone());
    let buttons = dashboard.may_write().then(|| {
        let remove = move |_| {
            dashboard.remove_run(removed.clone());
            open(dashboard, None);
        };
        view! {
            <button type="button" on:click=move |_| renaming.set(true)>
                "Rename"
            </button>
            <button type="button" class="danger" on:click=remove>
                "Delete"
            </button>
        }
    });
    let name = move || run.with(|run| run.as_ref().map(|run| run.name.clone()).unwrap_or_default());
    let heading = move || {
        if renaming.get() {
            return Either::Left(view! { <NameField id=id.clone() name=untrack(name) back /> });
        }
        let color = run.with(|run| run.as_ref().map(|run| series_color(runs.colour(run))));
        Either::Right(view! {
            <h3 class="run-name" style=color>
                <bdi>{name()}</bdi>
            </h3>
        })
    };
    let word = Memo::new(move |_| run.with(|run| run.as_ref().map(|run| RunState::of(run, runs.now_ms.get()).word())));
    let non_finite = move || {
        let text = run.with(|run| run.as_ref().and_then(|run| run.non_finite.as_ref()).map(non_finite_text))?;
        Some(view! { <p class="run-state" data-state="diverged">{text}</p> })
    };
    let content = move || {
        let run = run.get()?;
        let now_ms = runs.now_ms.get();
        let last = run.last.iter().map(|last| (last.metric.clone(), format_number(last.value))).collect();
        let tables = [("Times", times(&run, now_ms)), ("Last values", last)];
        let warning = document.with(|document| document.as_ref()?["warning"].as_str().map(str::to_owned));
        let warning = warning.map(|text| view! { <p class="run-warning">{text}</p> });
        Some(view! {
            {warning}
            <p class="failed" role="alert" hidden=move || failure.with(String::is_empty)>
                {failure}
            </p>
            {tables.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(caption, rows)| rows_table(caption, rows)).collect_view()}
        })
    };
    let known =
        move |read: fn(&Value) -> Vec<Row>| Memo::new(move |_| document.with(|document| document.as_ref().map(read).unwrap_or_default()));
    let (config, about, own_charts) = (known(config), known(about), known(own_charts));
    let table = |caption, rows: Memo<Vec<Row>>| move || rows.with(|rows| (!rows.is_empty()).then(|| rows_table(caption, rows.clone())));
    let line = Memo::new(move |_| document.with(|document| command(document.as_ref()?)));
    let line = move || {
        line.get().map(|text| {
            view! {
                <p>
                    <button type="button" on:click=move |_| dashboard.copy(text.clone(), "the command")>
                        "Copy the command"
                    </button>
                </p>
            }
        })
    };
    // Nothing else that changes in the document takes away what is typed.
    let said = Memo::new(move |_| document.with(|document| Some(Described::of(document.as_ref()?))));
    let description = move || said.get().map(|said| view! { <Description id=described.clone() described=said /> });
    view! {
        <section class="run-details" aria-label=name>
            <p class="run-actions">
                <button type="button" class="quiet" node_ref=back on:click=move |_| open(dashboard, None)>
                    "← All runs"
                </button>
                {step_button(false, "Previous run (k)", "↑", newer)}
                {step_button(true, "Next run (j)", "↓", older)}
                {buttons}
            </p>
            {heading}
            <p>{move || word.get().map(status)}</p>
            {non_finite}
            {description}
            <PreviousRun id=compared_id compared />
            {content}
            <ConfigTable rows=config />
            {table("Metrics with a chart of their own", own_charts)}
            {table("Run", about)}
            {line}
            <Console id=console />
        </section>
    }
}

/// The shape of a state, and its word.
fn status(word: &'static str) -> impl IntoView {
    view! {
        <span class="run-state" data-state=word>
            {word}
        </span>
    }
}

/// When the run began, how long it took, and when it gave its last sign if it is silent.
fn times(run: &Run, now_ms: f64) -> Vec<Row> {
    let started_ms = run.started_ms as f64;
    let end_ms = run.ended_ms.map_or(now_ms, |ended_ms| ended_ms as f64);
    let mut rows =
        vec![("started".to_owned(), local_time::format(started_ms)), ("took".to_owned(), duration((end_ms - started_ms) / 1000.0))];
    if matches!(RunState::of(run, now_ms), RunState::Silent | RunState::Lost) {
        rows.push(("last sign".to_owned(), duration((now_ms - run.last_sign_ms as f64) / 1000.0) + " ago"));
    }
    rows
}

/// Enter stores the name, Esc leaves it as it was.
#[component]
fn NameField(id: RunId, name: String, back: NodeRef<html::Button>) -> impl IntoView {
    let dashboard = use_dashboard();
    let field = NodeRef::<html::Input>::new();
    field.on_load(|field| {
        let _ = field.focus();
        field.select();
    });
    let end = move || {
        dashboard.runs.renaming.set(false);
        if let Some(back) = back.get_untracked() {
            let _ = back.focus();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            dashboard.rename_run(id.clone(), field.value().trim().to_owned());
        }
        end();
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            end();
        }
    };
    view! {
        <form class="run-rename" on:submit=submit>
            <input node_ref=field value=name maxlength=MAX_NAME aria-label="Name of the run" autocomplete="off" on:keydown=on_key />
            <button type="submit">"Save"</button>
        </form>
    }
}
