//! The page: drawn by the server, woken in the browser by the same code.
//!
//! `state` holds what is known and what is going on, `actions` what a person can do; every other file is a part that is seen.

mod actions;
mod cells;
mod charts;
mod components;
mod export_png;
mod focus;
mod fullscreen;
mod shell;
mod shortcuts;
mod signals;
mod state;

use leptos::prelude::*;

use crate::browser::{dom, iframe};
use crate::protocol::PageData;

pub use cells::{Drawn, Picture};
pub use shell::{Assets, Shell, ShellProps};

use charts::{SettingsPanel, Tooltip};
use components::grid::Grid;
use components::header::Header;
use components::help::Help;
use components::menu::CellMenu;
use components::notice::Notice;
use components::toasts::Toasts;
use state::Dashboard;

/// Where the shell puts the page's data.
const DATA_ID: &str = "agnez-page";

/// The content of `<body>`.
#[component]
pub fn App(page: PageData) -> impl IntoView {
    let dashboard = Dashboard::new(page);
    provide_context(dashboard);
    provide_context(dashboard.charts);
    Effect::new(move |_| {
        dashboard.charts.start(move || dashboard.focused_cell());
        cells::hover::listen(dashboard.charts);
        iframe::listen();
        shortcuts::use_shortcuts(dashboard);
        components::drag::use_drop(dashboard);
        fullscreen::use_fullscreen(dashboard);
        components::live_status::start(dashboard);
        components::theme::recall(dashboard);
        dom::mark_root("data-hydrated", Some(""));
    });
    view! {
        <Header />
        <noscript>"Live updates and editing need JavaScript; reload to see changes."</noscript>
        <Grid />
        <CellMenu />
        <Help />
        <Toasts />
        <Notice />
        <SettingsPanel actions=dashboard.panel_actions() may_write=dashboard.may_write() />
        <Tooltip handle=dashboard.charts.tooltip />
    }
}

/// What the server drew the page from. Browser only.
pub fn page_from_document() -> PageData {
    let data = document().get_element_by_id(DATA_ID).and_then(|element| element.text_content()).unwrap_or_default();
    serde_json::from_str(&data).expect("the shell of the same build wrote the page's data into the document")
}
