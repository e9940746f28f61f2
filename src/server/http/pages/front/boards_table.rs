//! The table of boards. On a phone its rows are cards of three lines.

use leptos::prelude::*;

use super::figure_text::{bytes_text, count_text, minute, minute_text, shape_path, value_text};
use super::query::{FrontQuery, Shelf};
use super::table_frame::{Head, TableFrame};
use crate::protocol::Direction;
use crate::routes;
use crate::server::boards::front::{BoardFigures, BoardsPage, GoalFigure, ListedBoard};

const HEADS: [Head; 5] =
    [Head::Plain("Board"), Head::Plain("Goal, best run so far"), Head::Plain("Runs"), Head::Sorted("Last change"), Head::Plain("Size")];

pub fn boards_table(rows: &[(ListedBoard, BoardFigures)], may_write: bool) -> String {
    let rows = rows.iter().map(|(board, figures)| row(board, figures, may_write)).collect();
    TableFrame { class: "boards", heads: &HEADS, has_actions: may_write }.html(rows)
}

fn row(board: &ListedBoard, figures: &BoardFigures, may_write: bool) -> String {
    let ListedBoard { name, title, summary, changed_ms, .. } = board;
    // A title hides the name, by which scripts and addresses know the board.
    let below = if summary.is_empty() && **name != **title { name.to_string() } else { summary.clone() };
    let menu = may_write.then(|| {
        view! {
            <td class="menu-place">
                <button
                    type="button"
                    class="menu-button"
                    data-act="menu"
                    aria-haspopup="menu"
                    aria-label=format!("Menu of {title}")
                    title="Menu"
                >
                    "⋯"
                </button>
            </td>
        }
    });
    view! {
        <tr data-key=name.to_string()>
            <th scope="row">
                <a href=routes::board_in_list(name) title=name.to_string()>
                    {title.clone()}
                </a>
                <small>{below}</small>
            </th>
            <td class="goal">{figures.goal.as_ref().map(goal)}</td>
            <td class="runs-count">{counts(board, figures)}</td>
            <td class="ago">
                <time datetime=minute(*changed_ms)>{minute_text(*changed_ms)}</time>
            </td>
            <td class="size">{bytes_text(figures.bytes)}</td>
            {menu}
        </tr>
    }
    .to_html()
}

fn goal(goal: &GoalFigure) -> impl IntoView + use<> {
    let value = value_text(goal.value);
    let direction = match goal.direction {
        Some(Direction::Min) => " min",
        Some(Direction::Max) => " max",
        None => " last",
    };
    let drawing = shape_path(&goal.shape).map(|(line, end)| {
        view! {
            <svg class="spark" viewBox="0 0 104 30" preserveAspectRatio="none" aria-hidden="true">
                <path d=line></path>
                <path class="end" d=end></path>
            </svg>
        }
    });
    let label = [&goal.metric, direction].concat();
    view! {
        {drawing}
        <span>
            <b>{value}</b>
            <small title=label.clone()>{label.clone()}</small>
        </span>
    }
}

fn counts(board: &ListedBoard, figures: &BoardFigures) -> impl IntoView + use<> {
    let state = |class: &'static str, count: usize| {
        (count > 0).then(|| {
            view! {
                <span class=class title=class>
                    <span class="visually-hidden">{class} " "</span>
                    {count_text(count)}
                </span>
            }
        })
    };
    let all = match (board.runs, board.cells) {
        (0, 0) => "empty".to_owned(),
        (0, 1) => "1 cell".to_owned(),
        (0, cells) => format!("{} cells", count_text(cells)),
        (1, _) => "1 run".to_owned(),
        (runs, _) => format!("{} runs", count_text(runs)),
    };
    view! {
        {state("running", figures.running)}
        {state("lost", figures.lost)}
        {state("failed", board.failed)}
        <span>{all}</span>
    }
}

/// What is said where no board is listed.
pub struct NoBoards<'a> {
    pub query: &'a FrontQuery,
    pub page: &'a BoardsPage,
    pub may_write: bool,
}

impl NoBoards<'_> {
    pub fn view(&self) -> impl IntoView + use<> {
        let find = self.query.find.trim().to_owned();
        let sentence = match (self.query.show, find.is_empty()) {
            (Shelf::Archived, true) => "No board is archived.".to_owned(),
            (_, true) if self.page.all == 0 => {
                "There is no board yet. Make one, or send a first number: its board appears here.".to_owned()
            }
            (_, true) => "All boards are archived.".to_owned(),
            (Shelf::Archived, false) => format!("No archived board matches ‘{find}’."),
            (_, false) => format!("No board matches ‘{find}’."),
        };
        let make = (self.may_write && !find.is_empty() && self.query.show == Shelf::Current).then(|| {
            view! {
                <button type="button" data-act="new" data-title=find>
                    "Make it"
                </button>
            }
        });
        view! { <p class="none">{sentence} {make}</p> }
    }
}
