//! The wire types shared by server, page and tests. Depends on `serde` and `std` only.

mod board;
mod cell;
mod codec;
pub mod columns;
mod direction;
mod error;
mod event;
mod group_id;
pub mod groups;
pub mod json_path;
pub mod line_settings;
mod listed_run;
pub mod points;
mod run;
mod run_groups;
mod run_list;
mod run_table;
mod series_id;

pub use board::{Board, BoardChange, MAIN_BOARD, PageData};
pub use cell::{Cell, CellContent, CellId, Layout};
pub use codec::DecodeError;
pub use direction::Direction;
pub use error::{ApiError, ErrorData, ErrorKind};
pub use event::{Event, RunEvent};
pub use group_id::{GroupId, group_letter};
pub use line_settings::{LineSettings, LineSettingsPatch, XAxis, YScale};
pub use listed_run::{LastValue, Run, RunSign};
pub use run::{RunId, RunStatus};
pub use run_groups::{Baseline, GroupDifference, GroupRow, IntervalKind, RunGroups, SecondaryMean, SummaryKind, Verdict};
pub use run_list::{RunList, RunListChange};
pub use run_table::{ColumnKind, RunTable, TableColumn, TableRow, ValueType};
pub use series_id::SeriesId;
