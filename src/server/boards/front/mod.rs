//! What the front page shows: the list of all boards, and the figures of those on one page of it.

mod catalog;
mod figures;
mod goal;

pub use catalog::{BoardsPage, ListedBoard, ListedBoardsQuery, Root};
pub use figures::{BoardFigures, FigureCache};
pub use goal::GoalFigure;
