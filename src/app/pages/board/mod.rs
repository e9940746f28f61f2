//! The page of one board.

mod empty_board;
mod first_commands;
mod grid;

use leptos::prelude::*;

use crate::app::charts::{SettingsPanel, Tooltip};
use crate::app::components::header::Header;
use crate::app::components::help::Help;
use crate::app::components::menu::CellMenu;
use crate::app::components::notice::Notice;
use crate::app::components::toasts::Toasts;
use crate::app::runs::RunsPanel;
use crate::app::state::use_dashboard;
use grid::Grid;

#[component]
pub fn BoardPage() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <Header />
        <noscript>"Live updates and editing need JavaScript; reload to see changes."</noscript>
        <div class="workspace">
            <RunsPanel />
            <Grid />
        </div>
        <CellMenu />
        <Help />
        <Toasts />
        <Notice />
        <SettingsPanel actions=dashboard.panel_actions() may_write=dashboard.may_write() />
        <Tooltip handle=dashboard.charts.tooltip />
    }
}
