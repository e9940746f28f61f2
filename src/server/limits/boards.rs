//! Cells, boards and what their documents have.

// Cells.

/// Bytes of a cell's `value` that is not an image; a larger one is answered 413.
pub const MAX_VALUE_BYTES: usize = 8 << 20;
/// Nesting of arrays and objects in `value`; a deeper one is answered 400. serde_json has the same limit for other keys.
pub const MAX_VALUE_DEPTH: usize = 128;
/// Bytes of all keys of a cell but `value`, which stay in memory and are sent to every page; more are answered 413.
pub const MAX_KEYS_BYTES: usize = 256 << 10;
/// Bytes of one key's name; a longer one is answered 400.
pub const MAX_KEY_NAME_BYTES: usize = 256;
/// Characters of a board's name; a longer one is answered 400.
pub const MAX_BOARD_NAME_CHARS: usize = 64;
/// Cells that one request creates; more are answered 413.
pub const MAX_CELLS_PER_REQUEST: usize = 1000;
/// JSON values in the keys beside `value` of one body, each of which takes up to forty times its text in memory;
/// more are answered 413.
pub const MAX_NESTED_VALUES: usize = 1 << 18;
/// Bytes of values and points that one request writes: a patch counts once for each of its cells; more are answered 413.
pub const MAX_OPERATION_BYTES: usize = 64 << 20;
/// Attempts to restore a cell that other requests remove at the same time; then the request is answered 503.
pub const MAX_RESTORE_ATTEMPTS: u32 = 8;
/// Weight of smoothing in a chart's settings and in queries; a larger one is answered 400: an average of it never settles.
pub const MAX_SMOOTH: f64 = 0.999;
/// Characters of a chart's unit, which is repeated at each tick of the axis; a longer one is answered 400.
pub const MAX_UNIT_CHARS: usize = 16;
/// Goal lines of a chart; more are answered 400.
pub const MAX_GOAL_LINES: usize = 8;
/// Characters of the label of a goal line; a longer one is answered 400.
pub const MAX_GOAL_LABEL_CHARS: usize = 60;
/// Characters of the title of an axis, and of the unit in a value; a longer one is answered 400.
pub const MAX_AXIS_TITLE_CHARS: usize = 200;
/// Hidden series in a chart's settings; more are answered 400.
pub const MAX_HIDDEN_SERIES: usize = 1000;

// The arrangement of a board.

/// Sections that a board's document names; more are answered 400.
pub const MAX_LAYOUT_SECTIONS: usize = 1000;
/// Blocks of a board; more are answered 413, after the oldest without cells were removed.
pub const MAX_LAYOUT_BLOCKS: usize = 200;
/// Marks on the charts of a board; one more is answered 413.
pub const MAX_MARKS_PER_BOARD: usize = 500;
/// Characters of the text of a mark; a longer one is answered 400.
pub const MAX_MARK_TEXT_CHARS: usize = 200;
/// Views of a board; one more is answered 413.
pub const MAX_VIEWS_PER_BOARD: usize = 100;
/// Characters of the name of a view; a longer one is answered 400.
pub const MAX_VIEW_NAME_CHARS: usize = 120;
/// Bytes of the query of a view; a longer one is answered 400.
pub const MAX_VIEW_QUERY_BYTES: usize = 4096;
