//! The bar at the top: which board, how live, and what can be done to all of it.

use leptos::either::Either;
use leptos::prelude::*;

use super::help;
use super::live_status::LiveState;
use super::theme::ThemeButton;
use crate::app::state::use_dashboard;
use crate::routes;

#[component]
pub fn Header() -> impl IntoView {
    let dashboard = use_dashboard();
    let page = dashboard.page();
    // Who only looks may have been shown this board alone.
    let home = if page.may_write { routes::MAIN } else { &page.board };
    view! {
        <header class="top" inert=move || dashboard.fullscreen.with(Option::is_some)>
            <a class="mark" href=routes::board(home)>
                "Agnez"
            </a>
            <BoardName />
            <span class="gap"></span>
            <LiveState />
            {(!page.durable)
                .then(|| {
                    view! {
                        <span
                            class="badge"
                            tabindex="0"
                            title="The server was started with --durability normal: a power cut may undo the last moments. A crash of the server alone loses nothing."
                        >
                            "durability: normal"
                        </span>
                    }
                })}
            <button type="button" class="add" title="Add cell (n)" on:click=move |_| dashboard.add()>
                "Add cell"
            </button>
            <button type="button" data-do="chart" aria-haspopup="dialog" aria-label="All charts" title="x axis and smoothing of all charts">
                "Charts"
            </button>
            <button type="button" class="writes" data-share="" aria-haspopup="dialog">
                "Share"
            </button>
            <ThemeButton />
            <button type="button" class="icon" aria-label="Help" title="Help (?)" on:click=move |_| help::open()>
                "?"
            </button>
        </header>
    }
}

/// The name, which opens the list of boards. The popover needs no script; `public/boards.js` brings it up to date.
#[component]
fn BoardName() -> impl IntoView {
    let page = use_dashboard().page();
    let (name, boards) = (page.board.clone(), page.boards.clone());
    if boards.is_empty() {
        return Either::Left(view! { <h1>{name}</h1> });
    }
    let links = boards
        .into_iter()
        .map(|board| {
            let current = (board == name).then_some("page");
            let address = routes::board(&board);
            view! {
                <a href=address aria-current=current>
                    {board}
                </a>
            }
        })
        .collect_view();
    Either::Right(view! {
        <h1>
            <button type="button" class="board-switch" popovertarget="boards" title="Switch board">
                {name.clone()}
            </button>
        </h1>
        <nav id="boards" class="menu" popover="auto" aria-label="Boards">
            {links}
        </nav>
    })
}
