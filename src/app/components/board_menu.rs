//! The name of the board, which opens the list of boards.

use std::time::Duration;

use gloo_net::http::Method;
use leptos::either::Either;
use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;

use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, use_dashboard};
use crate::browser::fetch;
use crate::routes;

/// The list is a part of an empty board: it is read again this often while that is shown, since no event names other boards.
const EMPTY_BOARD_INTERVAL: Duration = Duration::from_secs(2);

/// An item of `/boards`.
#[derive(Deserialize)]
struct BoardName {
    name: String,
}

/// Reads the list again: boards begin and end while the page is open. A failure leaves the list as it is.
async fn refresh(boards: RwSignal<Vec<String>>, own: String) {
    let Ok(list) = fetch::api::<Vec<BoardName>>(Method::GET, routes::BOARDS, None).await else { return };
    let mut names: Vec<String> = list.into_iter().map(|board| board.name).collect();
    if !names.contains(&own) {
        names.push(own);
        names.sort();
    }
    boards.set_if_changed(names);
}

/// The popover opens without a script. A reader who may see one board only has no list.
#[component]
pub fn BoardMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let page = dashboard.page();
    let name = page.board.clone();
    if page.boards.is_empty() {
        return Either::Left(view! { <h1>{name}</h1> });
    }
    let boards = RwSignal::new(page.boards.clone());
    keep_current(dashboard, boards);
    let own = StoredValue::new(name.clone());
    Either::Right(view! {
        <h1>
            <button
                type="button"
                class="board-switch"
                popovertarget="boards"
                title="Switch board"
                on:click=move |_| spawn_local(refresh(boards, own.get_value()))
            >
                {name}
            </button>
        </h1>
        <nav id="boards" class="menu" popover="auto" aria-label="Boards">
            <For each=move || boards.get() key=String::clone let(board)>
                <a href=routes::board(&board) aria-current=(board == own.get_value()).then_some("page")>
                    {board.clone()}
                </a>
            </For>
        </nav>
    })
}

fn keep_current(dashboard: Dashboard, boards: RwSignal<Vec<String>>) {
    let is_empty = Memo::new(move |_| dashboard.order.with(Vec::is_empty));
    Effect::new(move |before: Option<Option<IntervalHandle>>| {
        if let Some(handle) = before.flatten() {
            handle.clear();
        }
        let own = dashboard.page().board.clone();
        let tick = move || {
            if !document().hidden() {
                spawn_local(refresh(boards, own.clone()));
            }
        };
        is_empty.get().then(|| set_interval_with_handle(tick, EMPTY_BOARD_INTERVAL).ok()).flatten()
    });
}
