//! The page of one board.

mod arrange;
mod empty_board;
mod empty_charts;
mod first_commands;
mod grid;
mod section;
mod section_head;
mod section_menu;

use leptos::prelude::*;

use crate::app::charts::{SettingsPanel, Tooltip};
use crate::app::components::carry::CarriedCell;
use crate::app::components::header::Header;
use crate::app::components::help::Help;
use crate::app::components::layout_panel::LayoutPanel;
use crate::app::components::notice::Notice;
use crate::app::components::resize::ResizeGhost;
use crate::app::components::toasts::Toasts;
use crate::app::in_browser::InBrowser;
use crate::app::runs::RunsPanel;
use crate::app::state::{Carry, Resizing, use_dashboard};
pub use empty_charts::{empty_charts_note, follow_empty_charts};
use grid::Grid;
pub use section_head::section_field;
pub use section_menu::SectionMenu;

/// What one sees while an edge is held, or a cell is carried. It belongs to the second part of the page's code.
#[component]
pub fn HeldCell() -> impl IntoView {
    let arrangement = use_dashboard().arrangement;
    let is_resizing = Memo::new(move |_| arrangement.resizing.with(Option::is_some));
    let is_carrying = Memo::new(move |_| arrangement.carry.with(Option::is_some));
    let resizing = Memo::new(move |before: Option<&Option<Resizing>>| arrangement.resizing.get().or_else(|| before.cloned().flatten()));
    let carry = Memo::new(move |before: Option<&Option<Carry>>| arrangement.carry.get().or_else(|| before.cloned().flatten()));
    view! {
        {move || is_resizing.get().then(|| resizing.get_untracked().map(|first| {
            let resizing = Signal::derive(move || resizing.get().unwrap_or_else(|| first.clone()));
            InBrowser(view! { <ResizeGhost resizing /> })
        }))}
        {move || is_carrying.get().then(|| carry.get_untracked().map(|first| {
            let carry = Signal::derive(move || carry.get().unwrap_or_else(|| first.clone()));
            InBrowser(view! { <CarriedCell carry /> })
        }))}
    }
}

#[component]
pub fn BoardPage() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <Header />
        <noscript>"Live updates and editing need JavaScript; reload to see changes."</noscript>
        <div class="workspace" class:with-runs=move || dashboard.runs.has_panel()>
            <RunsPanel />
            <Grid />
            <LayoutPanel />
        </div>
        {move || dashboard.deferred.loaded().map(|code| (code.background)())}
        <Help />
        <Toasts />
        <Notice />
        <SettingsPanel actions=dashboard.panel_actions() may_write=dashboard.may_write() />
        <Tooltip handle=dashboard.charts.tooltip />
    }
}
