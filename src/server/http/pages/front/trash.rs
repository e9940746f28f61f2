//! The boards in the trash.

use leptos::prelude::*;

use super::figure_text::count_text;
use crate::server::boards::board_trash::RemovedBoard;

#[expect(clippy::disallowed_methods, reason = "markup of this page, in which every text of clients is escaped")]
pub fn trash_table(removed: &[RemovedBoard], may_write: bool) -> String {
    if removed.is_empty() {
        return view! { <p class="none">"The trash is empty."</p> }.to_html();
    }
    let body: String = removed.iter().map(|board| row(board, may_write)).collect();
    let note = "A deleted board can be restored for 30 days. To empty the trash also ends the undo of deleted runs and cells.";
    let empty = may_write.then(|| view! { <button type="button" data-act="purge">"Empty the trash"</button> });
    view! {
        <table class="boards in-trash" aria-labelledby="heading">
            <thead>
                <tr>
                    <th scope="col">"Board"</th>
                    <th scope="col">"Content"</th>
                    <th scope="col">"Deleted"</th>
                    {may_write
                        .then(|| {
                            view! {
                                <td></td>
                            }
                        })}
                </tr>
            </thead>
            <tbody inner_html=body></tbody>
        </table>
        <p class="trash-note">{note} {empty}</p>
    }
    .to_html()
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
