//! The list of keys.

use leptos::prelude::*;

use crate::app::shortcuts::{HELP, Shortcut};
use crate::app::state::{Dashboard, use_dashboard};

pub fn open(dashboard: Dashboard) {
    if let Some(dialog) = dashboard.refs.help.get_untracked() {
        let _ = dialog.show_modal();
    }
}

#[component]
pub fn Help() -> impl IntoView {
    let dashboard = use_dashboard();
    let may_write = dashboard.may_write();
    let rows = HELP
        .into_iter()
        .filter(|shortcut| may_write || !shortcut.writes)
        .map(|Shortcut { keys, meaning, .. }| {
            view! {
                <dt>
                    <kbd>{keys}</kbd>
                </dt>
                <dd>{meaning}</dd>
            }
        })
        .collect_view();
    view! {
        <dialog id="help" node_ref=dashboard.refs.help aria-labelledby="help-title" closedby="any">
            <h2 id="help-title">"Keys"</h2>
            <dl>{rows}</dl>
            {may_write.then(|| view! { <p>"Drag a cell by its title to move it. Keys do nothing while you type."</p> })}
            <form method="dialog">
                <button type="submit">"Close"</button>
            </form>
        </dialog>
    }
}
