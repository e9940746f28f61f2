//! The bar at the top: the board, the state of the connection, and the actions on the whole board.

use std::sync::Arc;

use leptos::html::{Button, Div};
use leptos::prelude::*;

use super::board_menu::BoardMenu;
use super::filter::FilterField;
use super::help;
use super::layout_panel::LayoutButton;
use super::live_status::LiveState;
use super::share_dialog::ShareButton;
use super::theme::ThemeButton;
use super::views_menu::{ViewsButton, ViewsMenu};
use crate::app::state::{CellState, ContentKind, ToastKind, use_dashboard};
use crate::routes;

#[component]
pub fn Header() -> impl IntoView {
    let dashboard = use_dashboard();
    let page = dashboard.page();
    // A share is limited to this board.
    let home = if dashboard.may_list_boards() { routes::FRONT.to_owned() } else { routes::board(&page.board) };
    let charts = dashboard.charts;
    let charts_button = NodeRef::<Button>::new();
    let open_charts = move |_| {
        if let Some(button) = charts_button.get_untracked() {
            match dashboard.charts_in_sight() {
                Some(target) => charts.open_panel(target, button.into()),
                None => dashboard.notify(ToastKind::Error("The filter shows no line charts.".to_owned())),
            }
        }
    };
    let is_line_chart = |cell: &Arc<CellState>| cell.content_kind.get() == ContentKind::LineChart;
    let has_line_charts = Memo::new(move |_| dashboard.cells.read().iter().any(is_line_chart));
    let more = NodeRef::<Div>::new();
    // Before the press is handled: a dialog that it opens gives the focus back to what is in sight.
    let close_more = move |_| {
        if let Some(more) = more.get_untracked() {
            let _ = more.hide_popover();
        }
    };
    view! {
        <header class="page-header" inert=move || dashboard.fullscreen.with(Option::is_some)>
            <a class="brand" href=home>
                "Agnez"
            </a>
            <BoardMenu />
            // For a phone with a filter: the button with its name is in the menu there.
            {move || dashboard.view_name().map(|name| view! { <span class="open-view">{name}</span> })}
            <span class="spacer">
                <FilterField />
            </span>
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
            {page
                .may_write
                .then(|| {
                    view! {
                        <button type="button" class="add" aria-label="Add cell" title="Add cell (n)" on:click=move |_| dashboard.add(None)>
                            <span class="on-desk">"Add cell"</span>
                            <span class="on-phone">"+"</span>
                        </button>
                    }
                })}
            <button type="button" class="header-more" popovertarget="header-menu" aria-label="More" title="More">
                "⋯"
            </button>
            // On a phone a menu; elsewhere its buttons stand in the bar.
            <div id="header-menu" popover="auto" node_ref=more on:click:capture=close_more>
                <button
                    type="button"
                    node_ref=charts_button
                    aria-haspopup="dialog"
                    aria-label="All charts"
                    title="x axis and smoothing of all charts"
                    hidden=move || !has_line_charts.get()
                    on:click=open_charts
                >
                    "Charts"
                </button>
                <ViewsButton />
                <LayoutButton />
                {page.may_write.then(|| view! { <ShareButton /> })}
                <ThemeButton />
                <button type="button" class="icon-button" aria-label="Help" title="Help (?)" on:click=move |_| help::open(dashboard)>
                    "?"
                </button>
            </div>
            <ViewsMenu />
        </header>
    }
}
