//! The page: drawn by the server, woken in the browser by the same code.
//!
//! `state` holds what is known and what is going on, `actions` what a person can do; every other file is a part that is seen.

mod actions;
mod cell;
mod command;
mod drag;
mod filter;
mod focus;
mod full;
mod grid;
mod header;
mod help;
mod hero;
mod keys;
mod live;
mod menu;
mod plot;
mod png;
mod shell;
mod state;
mod theme;
mod toasts;
mod watched;

use leptos::prelude::*;

use crate::client::{browser, frames, wire};
use crate::protocol::Page;

pub use cell::{Drawn, Picture};
pub use shell::{Assets, Shell, ShellProps};

use grid::Grid;
use header::Header;
use help::Help;
use menu::CellMenu;
use state::Dashboard;
use toasts::Toasts;

/// Where the shell puts the page's data.
const DATA_ID: &str = "agnez-page";

/// The content of `<body>`.
#[component]
pub fn App(page: Page) -> impl IntoView {
    let dashboard = Dashboard::new(page);
    provide_context(dashboard);
    browser::effect(move || {
        plot::start(dashboard);
        cell::spots::listen();
        frames::listen();
        keys::listen(dashboard);
        filter::listen(dashboard);
        drag::listen(dashboard);
        menu::listen(dashboard);
        toasts::listen(dashboard);
        full::recall(dashboard);
        live::start(dashboard);
        theme::recall(dashboard);
        browser::mark_root("data-awake", Some(""));
    });
    view! {
        <Header />
        <noscript>"Live updates and editing need JavaScript; reload to see changes."</noscript>
        <Grid />
        <CellMenu />
        <Help />
        <Toasts />
    }
}

/// What the server drew the page from. Browser only.
pub fn page_from_document() -> Page {
    let data = document().get_element_by_id(DATA_ID).and_then(|element| element.text_content()).unwrap_or_default();
    wire::page(&data).expect("the shell of the same build wrote the page's data into the document")
}
