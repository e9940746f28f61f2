//! The page: rendered by the server, hydrated in the browser by the same code.
//!
//! Imports point downwards: `pages` use `cells`, those use `components`, and all use `state`, which uses `charts`. `actions` are what the
//! reader can do with the state.

mod actions;
mod arranging;
mod background;
mod board_actions;
mod cells;
mod chart_actions;
mod charts;
mod code_part;
mod components;
mod deferred;
mod deferred_code;
mod duplicate;
mod erased;
mod export_png;
mod fullscreen;
mod in_browser;
mod layout_code;
mod live_connection;
mod pace;
mod pages;
mod pictures;
mod run_actions;
mod runs;
mod server_drawn;
mod shell;
mod shortcuts;
mod signals;
mod state;
mod view_actions;

use leptos::prelude::*;

use crate::browser::dom;
use crate::browser::iframe::provide_frame_messages;
use crate::browser::near_viewport::provide_near_viewport;
use crate::protocol::{PageData, parse_json};

pub use cells::PrerenderedCharts;
use cells::provide_prerendered_frames;
pub use charts::Prerendered;
use charts::{provide_chart_hover, use_chart_hover};
pub use runs::{first_drawing_query, first_groups_query, first_table_query};
pub use shell::{Assets, Shell, ShellProps, boot_script};

use code_part::CodePart;
use pages::board::BoardPage;
pub use state::line_charts;
use state::{Dashboard, ToastKind};

/// Where a reader opens something of the second part of the page's code.
const NOT_LOADED: &str = "This part of the page could not be loaded. Try again when the server can be reached.";

/// Id of the element in which the shell has the page's data.
const DATA_ID: &str = "agnez-page";

/// The content of `<body>`.
#[component]
pub fn App(page: PageData) -> impl IntoView {
    provide_prerendered_frames(&page.board);
    let dashboard = Dashboard::new(page, CodePart::new(deferred_code::load));
    provide_context(dashboard);
    provide_context(dashboard.charts);
    provide_context(CodePart::new(deferred_code::load_runs));
    provide_frame_messages();
    provide_near_viewport();
    provide_chart_hover(dashboard.charts);
    Effect::new(move |_| {
        dashboard.use_comparison_url();
        dashboard.restore_filter();
        dashboard.draw_groups();
        dashboard.draw_runs();
        dashboard.charts.start(move || dashboard.focused_cell());
        use_chart_hover().use_listeners(move || dashboard.focused_cell());
        shortcuts::use_shortcuts(dashboard);
        dashboard.restore_folded();
        dashboard.announce();
        fullscreen::use_fullscreen(dashboard);
        Effect::new(move |_| document().set_title(&dashboard.settings.with(|settings| [&settings.title, " · Agnez"].concat())));
        live_connection::start(dashboard);
        dashboard.load_theme();
        dom::set_root_attribute("data-hydrated", Some(""));
        dashboard.deferred.on_failure(move || dashboard.notify(ToastKind::Error(NOT_LOADED.to_owned())));
        dashboard.deferred.preload();
    });
    view! {
        <BoardPage />
    }
}

/// The data from which the server rendered the page. Browser only.
pub fn page_from_document() -> PageData {
    parse_json(&dom::text_of(DATA_ID)).expect("the shell of the same build wrote the page's data into the document")
}
