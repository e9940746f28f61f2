//! The buttons of a chart: follow the newest point, show everything, open the settings panel.

use leptos::html::Button;
use leptos::prelude::*;

use super::chart_input::ChartCommand;
use super::panel_state::PanelTarget;
use super::registry::use_charts;
use crate::protocol::CellId;

#[component]
pub fn Toolbar(id: CellId) -> impl IntoView {
    let charts = use_charts();
    let id = StoredValue::new(id);
    let settings = NodeRef::<Button>::new();
    let run = move |command: ChartCommand| {
        move |_| {
            id.with_value(|id| charts.run(id, command));
        }
    };
    let open = move |_| {
        if let Some(button) = settings.get_untracked() {
            charts.open_panel(PanelTarget::Chart(id.get_value()), button.into());
        }
    };
    view! {
        <div class="toolbar">
            <button type="button" class="follow" on:click=run(ChartCommand::ToggleFollow)>
                "Follow"
            </button>
            <button type="button" class="show-all" on:click=run(ChartCommand::ShowAll)>
                "Show all"
            </button>
            <button type="button" node_ref=settings aria-haspopup="dialog" on:click=open>
                "Chart"
            </button>
        </div>
    }
}
