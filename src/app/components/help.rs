//! The dialog that lists the keys.

use leptos::prelude::*;

use crate::app::erased::Erase;
use crate::app::state::{Dashboard, use_dashboard};

/// A row of the help dialog: keys, what they do, and whether that changes the board, which readers with read-only access cannot.
type Shortcut = (&'static str, &'static str, bool);

const READS: bool = false;
const WRITES: bool = true;

const CHARTS: [Shortcut; 21] = [
    ("j  k", "Next, previous cell", READS),
    ("← → ↑ ↓", "Move between cells", READS),
    ("f", "Full screen, and back", READS),
    ("+  -  0", "Zoom in, out, show everything", READS),
    ("Ctrl + wheel", "Zoom; without Ctrl in full screen, or once the chart is clicked", READS),
    ("y  Y  {  }", "The same with the y axis: in, out, down, up", READS),
    ("l  x", "Linear or logarithmic y axis, x axis", READS),
    ("[  ]  End", "Earlier, later, follow the newest point", READS),
    (",  .", "Read the value before, the next one", READS),
    ("/", "Filter by name", READS),
    ("t", "Theme: system, light, dark", READS),
    ("Shift + l", "Sizes and layouts", READS),
    ("Shift + Enter", "On the name of a section: fold all others", READS),
    ("?", "This help", READS),
    ("Esc", "Cancel an edit, close what is open", READS),
    ("n", "Add a cell", WRITES),
    ("e  Enter", "Rename the cell; F2: the section", WRITES),
    ("d  w", "Edit the note, the text of a text cell", WRITES),
    ("Alt + arrows", "Move the cell, or the section; with Shift: resize", WRITES),
    ("Delete", "Delete the cell", WRITES),
    ("Ctrl + Z", "Undo the last change, while its message is there", WRITES),
];

const RUNS: [Shortcut; 12] = [
    ("r", "To the list of runs, and back", READS),
    ("[", "Fold the list, and unfold it", READS),
    ("/", "Search", READS),
    ("j  k", "Next, previous row", READS),
    ("← →", "Close, open a group", READS),
    ("Enter", "The page of the run; Esc leads back", READS),
    ("Space", "Hide in all charts, or show", READS),
    ("p  o", "Pin, show alone", READS),
    ("b", "Compare all groups with this one", READS),
    ("x  Shift + x", "Choose the row, or all up to it", READS),
    ("F2", "Rename the run", WRITES),
    ("Delete", "Delete the run", WRITES),
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
            {move || dashboard.deferred.view(dashboard.deferred.loaded(), |code| (code.help)())}
        </dialog>
    }
}

pub fn help_content() -> AnyView {
    let dashboard = use_dashboard();
    let may_write = dashboard.may_write();
    let has_runs = Memo::new(move |_| dashboard.runs.has_any());
    let list = |shortcuts: &'static [Shortcut]| {
        let row = |(keys, meaning, _): &'static Shortcut| {
            view! {
                <dt>
                    <kbd>{*keys}</kbd>
                </dt>
                <dd>{*meaning}</dd>
            }
        };
        let rows = shortcuts.iter().filter(|(.., writes)| may_write || !writes).map(row).collect_view();
        view! { <dl>{rows}</dl> }
    };
    view! {
        <h2 id="help-title">"Keys"</h2>
        <div>
            <section>
                <h3>"Charts"</h3>
                {list(&CHARTS)}
            </section>
            <section hidden=move || !has_runs.get()>
                <h3>"Runs"</h3>
                {list(&RUNS)}
            </section>
        </div>
        {may_write.then(|| view! { <p>"Drag a cell by its title to move it, by its edges to resize it. Keys do nothing while you type."</p> })}
        <form method="dialog">
            <button type="submit">"Close"</button>
        </form>
    }
    .erase()
}
