//! The dialog that lists the keys.

use leptos::prelude::*;

use crate::app::erased::Erase;
use crate::app::state::{Dashboard, use_dashboard};

/// A row of the help dialog.
struct Shortcut {
    keys: &'static str,
    meaning: &'static str,
    /// Changes the board: not for readers with read-only access.
    writes: bool,
    /// Only for boards with runs.
    in_runs: bool,
}

const fn reads(keys: &'static str, meaning: &'static str) -> Shortcut {
    Shortcut { keys, meaning, writes: false, in_runs: false }
}

const fn in_runs(keys: &'static str, meaning: &'static str) -> Shortcut {
    Shortcut { keys, meaning, writes: false, in_runs: true }
}

const fn writes(keys: &'static str, meaning: &'static str) -> Shortcut {
    Shortcut { keys, meaning, writes: true, in_runs: false }
}

const SHORTCUTS: [Shortcut; 28] = [
    reads("j  k", "Next cell, previous cell"),
    reads("← → ↑ ↓", "Move between cells"),
    reads("f", "Full screen, and back; there, keys act on the shown cell only"),
    reads("+  -  0", "Chart: zoom in, zoom out, show everything"),
    reads("[  ]  End", "Chart: earlier, later, follow the newest point; drawing: from value to value"),
    reads(",  .", "Chart: read the value before, the next value"),
    reads("/", "Show only cells whose name matches"),
    in_runs("r", "To the runs, and back"),
    in_runs("[", "Fold the runs, and unfold them"),
    in_runs("/", "In the runs: search"),
    in_runs("j  k  ← →", "In the runs: next and previous row; close and open a group"),
    in_runs("Space  p  o", "In the runs: show or hide, pin, show alone"),
    in_runs("b  Enter", "In the runs: baseline; one run alone, j and k lead on, Esc leads back"),
    in_runs("x  Shift + x", "In the runs: choose a row, or all up to it"),
    reads("t", "Theme: system, light, dark"),
    reads("Shift + l", "Sizes and layouts"),
    reads("?", "This help"),
    reads("Esc", "Cancel an edit, close a menu or this help"),
    writes("n", "Add a cell"),
    writes("e  Enter", "Rename the cell"),
    writes("d", "Edit the note"),
    writes("Alt + ←  Alt + ↑", "Move the cell earlier, or the section up"),
    writes("Alt + →  Alt + ↓", "Move the cell later, or the section down"),
    writes("Alt + Shift + arrows", "Cell: wider, narrower, higher, lower"),
    writes("l", "Chart: linear or logarithmic"),
    writes("Delete", "Delete the cell, or the run"),
    writes("F2", "Rename the run, or the section"),
    writes("Ctrl + Z", "Undo the last change, while its message is there"),
];

pub fn open(dashboard: Dashboard) {
    if let Some(dialog) = dashboard.refs.help.get_untracked() {
        dashboard.deferred.request();
        let _ = dialog.show_modal();
        // The focused button is below the list, which may be higher than the window.
        dialog.set_scroll_top(0);
    }
}

/// The dialog. Its content is in the second part of the page's code.
#[component]
pub fn Help() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <dialog id="help" node_ref=dashboard.refs.help aria-labelledby="help-title" closedby="any">
            {move || dashboard.deferred.loaded().map(|code| (code.help)())}
        </dialog>
    }
}

pub fn help_content() -> AnyView {
    let dashboard = use_dashboard();
    let may_write = dashboard.may_write();
    let has_runs = Memo::new(move |_| dashboard.runs.has_any());
    let rows = SHORTCUTS
        .into_iter()
        .filter(|shortcut| may_write || !shortcut.writes)
        .map(|Shortcut { keys, meaning, in_runs, .. }| {
            let is_hidden = move || in_runs && !has_runs.get();
            view! {
                <dt hidden=is_hidden>
                    <kbd>{keys}</kbd>
                </dt>
                <dd hidden=is_hidden>{meaning}</dd>
            }
        })
        .collect_view();
    view! {
        <h2 id="help-title">"Keys"</h2>
        <dl>{rows}</dl>
        {may_write.then(|| view! { <p>"Drag a cell by its title to move it, by its edges to resize it. Keys do nothing while you type."</p> })}
        <form method="dialog">
            <button type="submit">"Close"</button>
        </form>
    }
    .erase()
}
