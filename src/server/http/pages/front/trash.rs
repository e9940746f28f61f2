//! The boards in the trash.

use leptos::prelude::*;

use super::figure_text::count_text;
use super::table_frame::{Head, TableFrame};
use crate::server::boards::board_trash::RemovedBoard;

const HEADS: [Head; 3] = [Head::Plain("Board"), Head::Plain("Content"), Head::Plain("Deleted")];

pub fn trash_table(removed: &[RemovedBoard], may_write: bool) -> String {
    if removed.is_empty() {
        return view! { <p class="none">"The trash is empty."</p> }.to_html();
    }
    let rows = removed.iter().map(|board| row(board, may_write)).collect();
    let table = TableFrame { class: "boards in-trash", heads: &HEADS, has_actions: may_write }.html(rows);
    let note = "A deleted board can be restored for 30 days. To empty the trash also ends the undo of deleted runs and cells.";
    let empty = may_write.then(|| {
        view! {
            <button type="button" data-act="purge">
                "Empty the trash"
            </button>
            <span class="question" role="group" aria-label="Empty the trash?">
                "What is in the trash cannot be restored any more, deleted runs and cells of all boards included. "
                <button type="button" class="danger" data-act="purge-now">
                    "Empty it"
                </button>
                <button type="button" data-act="purge-not">
                    "Cancel"
                </button>
            </span>
        }
    });
    [table, view! { <p class="trash-note"><span>{note}</span> {empty}</p> }.to_html()].concat()
}

fn row(board: &RemovedBoard, may_write: bool) -> String {
    let RemovedBoard { name, title, removed_at, cells, runs } = board;
    let title = title.as_ref().unwrap_or(name).clone();
    let below = if title == *name { String::new() } else { name.clone() };
    let plural = |count: usize, one: &str| format!("{} {one}{}", count_text(count), if count == 1 { "" } else { "s" });
    let content = [(*runs > 0).then(|| plural(*runs, "run")), Some(plural(*cells, "cell"))].into_iter().flatten().collect::<Vec<_>>();
    let restore = may_write.then(|| {
        view! {
            <td class="menu-place">
                <button type="button" data-act="restore" aria-label=format!("Restore {title}")>
                    "Restore"
                </button>
            </td>
        }
    });
    // Minutes suffice, and are what the page turns into "3 min ago".
    let at = format!("{}Z", removed_at.get(..16).unwrap_or_default());
    view! {
        <tr data-key=name.clone()>
            <th scope="row">
                <span>{title.clone()}</span>
                <small>{below}</small>
            </th>
            <td>{content.join(", ")}</td>
            <td class="ago">
                <time datetime=at>{at.replace('T', " ").replace('Z', " UTC")}</time>
            </td>
            {restore}
        </tr>
    }
    .to_html()
}
