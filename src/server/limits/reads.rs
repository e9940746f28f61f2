//! What a read may ask for, and what is drawn.

use std::time::Duration;

// Queries.

/// Pairs of key and value in a query; more are answered 400.
pub const MAX_QUERY_PAIRS: usize = 1500;
/// Nesting of brackets in a key of a query; a deeper one is answered 400.
pub const MAX_QUERY_DEPTH: usize = 16;
/// Comparisons and groups in a query; more are answered 400.
pub const MAX_QUERY_CONDITIONS: usize = 100;
/// Values in all lists of `$in` and `$nin` of a query; more are answered 400.
pub const MAX_QUERY_LIST_VALUES: usize = 1000;
/// Keys in `$sort`; more are answered 400.
pub const MAX_SORT_KEYS: usize = 16;
/// Keys in `$select`; more are answered 400.
pub const MAX_SELECT_KEYS: usize = 100;

// Reads.

/// Points in one page of points; of more the next page begins at `next`.
pub const MAX_POINTS_PER_PAGE: u64 = 10_000;
/// Cells in one query for columns; more are answered 400.
pub const MAX_COLUMNS_CELLS: usize = 1000;
/// Runs in one query for columns; more are answered 400.
pub const MAX_COLUMNS_RUNS: usize = 100;
/// Pixels of the width of a query for columns; a larger one is answered 400.
pub const MAX_COLUMNS_WIDTH: u32 = 16_384;
/// Pixels of all series of one query for columns, each of which takes 256 bytes; beyond it each series has fewer.
pub const MAX_COLUMNS_PIXELS: usize = 500_000;
/// Points of a series and of the metric that it stands along; more are answered 413: all of them are read.
pub const MAX_JOINED_POINTS_PER_SERIES: u64 = 3_000_000;
/// Points of all series of one query along a metric, and of that metric for each of them; more are answered 413.
pub const MAX_JOINED_POINTS: u64 = 60_000_000;
/// Points of a cell's series along a metric, 24 bytes each, that stay in memory until its columns are made; more are read twice.
pub const MAX_KEPT_JOINED_POINTS: u64 = 2_000_000;
/// Cells in one query for groups; more are answered 400.
pub const MAX_GROUPS_CELLS: usize = 50;
/// Groups in an answer, the largest ones; further ones are counted.
pub const MAX_GROUPS: usize = 50;
/// Places of a group's curve; where more are asked for there are as many.
pub const MAX_GROUP_PLACES: u32 = 1024;
/// Members of a group times its places; of more members the curve has fewer places.
pub const MAX_GROUP_VALUES: usize = 8_000_000;
/// Places of all curves of one answer, 64 bytes each; more are answered 400.
pub const MAX_GROUPS_PLACES: usize = 2_000_000;
/// Points of the members of a group that are read one by one for a whole curve; of more their outlines are read.
pub const MAX_GROUP_POINTS: u64 = 2_000_000;
/// Members of a small group, of which so many points are read.
pub const MAX_SMALL_GROUP: usize = 100;
/// The same of a larger one, whose line is smooth anyway.
pub const MAX_LARGE_GROUP_POINTS: u64 = 250_000;
/// Points of a member that are read one by one, because it repeats steps or is drawn along the time; more are answered 413.
pub const MAX_MEMBER_POINTS: u64 = 4_000_000;
/// Points of all such members of one curve; more are answered 413.
pub const MAX_GROUP_READ_POINTS: u64 = 100_000_000;
/// Cells of a query for groups times the runs of its groups, about 100 bytes each; more are answered 400.
pub const MAX_GROUPS_MEMBERS: usize = 1_000_000;
/// Bytes of a message from a reader of `/live`: a page that names its runs; a longer one closes the connection.
pub const MAX_INCOMING_FRAME_BYTES: usize = 16 << 10;
/// Bytes of a file in the folder of images; a larger one is not shown.
pub const MAX_IMAGE_FILE_BYTES: u64 = 64 << 20;

// Drawings.

/// Bytes of everything that is drawn at the same time, as estimated; further work waits. One piece may need more, alone.
pub const RENDER_BUDGET_BYTES: usize = 256 << 20;
/// Requests that wait to be drawn; one more is answered 503.
pub const MAX_WAITING_RENDERS: usize = 256;
/// The same of one token, or of all clients without one.
pub const MAX_WAITING_RENDERS_PER_TOKEN: usize = 128;
/// A request waits to be drawn for this time; then it is answered 503.
pub const RENDER_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of all drawings in the cache; those that were not read for longest are dropped.
pub const RENDER_CACHE_BYTES: usize = 64 << 20;
/// Bytes of a time zone's name; a longer one is unknown: the longest of the database has 32.
pub const MAX_TIME_ZONE_NAME_BYTES: usize = 64;
/// Bytes of the document of a table or a text, about; what does not fit is left out, and the document says so.
pub const MAX_HTML_BYTES: usize = 16 << 20;
/// Bytes of Markdown that are shown; the rest is left out.
pub const MAX_MARKDOWN_BYTES: usize = 1 << 20;
/// Bytes of a formula that becomes MathML; a longer one stays as it was written.
pub const MAX_FORMULA_BYTES: usize = 8 << 10;
/// Commands, groups and scripts of such a formula together; one with more stays as it was written.
pub const MAX_FORMULA_GROUPS: usize = 1000;
/// Nesting of quotes and lists in Markdown; deeper ones are shown at this level.
pub const MAX_MARKDOWN_DEPTH: usize = 64;
/// Rows of a table; more are answered 400.
pub const MAX_TABLE_ROWS: usize = 10_000;
/// Columns of a table; more are answered 400.
pub const MAX_TABLE_COLUMNS: usize = 200;
/// Bytes of a table's cell that are shown; the rest is left out.
pub const MAX_SHOWN_CELL_BYTES: usize = 10_000;
/// Series in one drawing of a line; further ones are left out.
pub const MAX_DRAWN_SERIES: usize = 50;
/// Columns in one drawing of a line, about 35 bytes each; beyond it each series has fewer.
pub const MAX_DRAWN_COLUMNS: usize = 20_000;
/// Columns that are read for one drawing of a line, 128 bytes each; beyond it each series has fewer.
pub const MAX_READ_COLUMNS: usize = 200_000;
/// CSS pixels of the width of a drawing; a smaller one is answered 400.
pub const MIN_EXPORT_WIDTH: f64 = 80.0;
/// CSS pixels of the height of a drawing; a smaller one is answered 400.
pub const MIN_EXPORT_HEIGHT: f64 = 40.0;
/// CSS pixels of the width and of the height of a drawing; a larger one is answered 400.
pub const MAX_EXPORT_PIXELS: f64 = 4000.0;
/// Series that the address of a drawing names; more are answered 400.
pub const MAX_EXPORTED_SERIES: usize = 1000;
/// Cells of the file of a board; further ones are named there.
pub const MAX_EXPORTED_CELLS: usize = 1000;
/// Bytes of the file of a board; cells that do not fit are named there.
pub const MAX_BOARD_EXPORT_BYTES: usize = 32 << 20;
/// Minutes that a clock may be ahead of UTC, or behind it; more are answered 400.
pub const MAX_UTC_OFFSET_MINUTES: f64 = 840.0;
