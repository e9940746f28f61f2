//! One run: its status, what is known of its start, its configuration and its last values. Here it is renamed and removed.

use gloo_net::http::Method;
use leptos::either::Either;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::description::Description;
use super::document::{Row, about, config};
use super::open;
use super::row_content::series_color;
use super::run_state::{RunState, duration};
use crate::app::state::use_dashboard;
use crate::browser::{fetch, local_time};
use crate::charts::format_number;
use crate::protocol::{ApiError, Run, RunId};
use crate::routes;

/// The server's limit for names, in characters.
const MAX_NAME: &str = "200";

#[component]
pub fn RunDetails(id: RunId) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let run = Memo::new({
        let id = id.clone();
        move |_| runs.run(&id)
    });
    let document = RwSignal::new(None::<Result<Value, ApiError>>);
    let rev = Memo::new(move |_| run.with(|run| run.as_ref().map(|run| run.rev)));
    // Again after each change of the document.
    let address = routes::run(&dashboard.page().board, &id);
    Effect::new(move |_| {
        if rev.get().is_none() {
            return;
        }
        let address = address.clone();
        spawn_local(async move {
            let answer = fetch::api::<Value>(Method::GET, &address, None).await;
            document.try_set(Some(answer));
        });
    });
    let renaming = runs.renaming;
    let back = NodeRef::<html::Button>::new();
    back.on_load(move |back| {
        // The field for the name takes the focus itself.
        if !renaming.get_untracked() {
            let _ = back.focus();
        }
    });
    on_cleanup(move || renaming.set(false));
    let (removed, described) = (id.clone(), id.clone());
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
        let color = run.with(|run| run.as_ref().map(|run| series_color(run.colour.into())));
        Either::Right(view! {
            <h3 class="run-name" style=color>
                <bdi>{name()}</bdi>
            </h3>
        })
    };
    let content = move || {
        let run = run.get()?;
        let now_ms = runs.now_ms.get();
        let last = run.last.iter().map(|last| (last.metric.clone(), format_number(last.value))).collect();
        let mut tables = vec![("Times", times(&run, now_ms)), ("Last values", last)];
        let failure = document.with(|document| match document {
            Some(Ok(document)) => {
                tables.push(("Configuration", config(document)));
                tables.push(("Run", about(document)));
                String::new()
            }
            Some(Err(error)) => error.message.clone(),
            None => String::new(),
        });
        let is_well = failure.is_empty();
        tables.retain(|(_, rows)| !rows.is_empty());
        Some(view! {
            <p>{status(RunState::of(&run, now_ms).word())}</p>
            <p class="failed" role="alert" hidden=is_well>
                {failure}
            </p>
            {tables.into_iter().map(|(caption, rows)| table(caption, rows)).collect_view()}
        })
    };
    let description = move || {
        let document = document.with(|document| document.clone()?.ok()).filter(|_| dashboard.may_write())?;
        Some(view! { <Description id=described.clone() document /> })
    };
    view! {
        <section class="run-details" aria-label=name>
            <p class="run-actions">
                <button type="button" class="quiet" node_ref=back on:click=move |_| open(dashboard, None)>
                    "← All runs"
                </button>
                {buttons}
            </p>
            {heading}
            {content}
            {description}
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

fn table(caption: &'static str, rows: Vec<Row>) -> impl IntoView {
    let row = |(key, value): Row| {
        view! {
            <tr>
                <th scope="row">{key}</th>
                <td>{value}</td>
            </tr>
        }
    };
    view! {
        <table class="run-rows">
            <caption>{caption}</caption>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
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
