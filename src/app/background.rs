//! What stands on the page from the time on that the second part of its code is loaded: menus and dialogs that are closed, and what follows
//! the page without being seen.

use leptos::prelude::*;

use super::cells::TextEditor;
use super::components::menu::CellMenu;
use super::erased::Erase;
use super::pages::board::{HeldCell, SectionMenu, follow_empty_charts};
use super::pictures::use_pictures;
use super::state::use_dashboard;
use crate::browser::math;

/// It lives as long as the page.
pub fn background() -> AnyView {
    let dashboard = use_dashboard();
    dashboard.write_filter_into_url();
    dashboard.arrange_open_view();
    dashboard.write_view_into_url();
    follow_empty_charts(dashboard);
    if dashboard.may_write() {
        use_pictures(dashboard);
    }
    // After the view has set the HTML of the description.
    Effect::new(move |_| {
        dashboard.settings.track();
        if let Some(board) = dashboard.refs.board.get() {
            math::typeset(board.into());
        }
    });
    view! {
        <CellMenu />
        <SectionMenu />
        <HeldCell />
        <TextEditor />
    }
    .erase()
}
