//! Every bound that a user, an operator or a client can meet, with its unit and with what happens beyond it.
//!
//! Numbers that documents state are compared with these by `tests/house/limits.rs`. Constants that only tune one
//! algorithm stay beside it.

use std::time::Duration;

// Connections.

/// Open files that the process asks the system for; a lower limit of the system means fewer connections.
pub const MAX_OPEN_FILES: u64 = 1 << 16;
/// Open files that are reserved for the database, images and the log; the rest are for connections.
pub const RESERVED_FILES: u64 = 128;
/// Connections that wait in the system's queue to be accepted; it refuses or ignores further ones.
pub const LISTEN_BACKLOG: u32 = 1024;
/// Bytes of a request's head, and of a connection's buffer in each direction; a longer head is answered 431.
pub const MAX_REQUEST_HEAD_BYTES: usize = 64 << 10;
/// Bytes that the system buffers for a client that does not read; the server waits before it writes more.
pub const MAX_UNSENT_SOCKET_BYTES: u32 = 128 << 10;
/// The head of a request must arrive within this time, which includes the idle time of a keep-alive connection;
/// the connection is closed.
pub const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A client must take at least one byte within this time; the connection is closed.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// While all connections are taken: one that was idle for this time may be closed for a new one.
pub const MIN_IDLE_BEFORE_EVICTION: Duration = Duration::from_millis(100);
/// While all connections are taken: one whose client has read nothing for this time may be closed for a new one.
pub const MIN_STALL_BEFORE_EVICTION: Duration = Duration::from_millis(250);
/// The same for a client with a token; such connections are closed last.
pub const MIN_STALL_WITH_TOKEN_BEFORE_EVICTION: Duration = Duration::from_secs(2);
/// A connection that is closed for a new one may finish its request within this time; then it is cut.
pub const EVICTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Lines that the log writes of one kind of failure within [`LOG_THROTTLE_WINDOW`]; further ones are counted.
pub const MAX_THROTTLED_LOG_LINES: u32 = 20;
/// The time within which repeated lines of the log are counted.
pub const LOG_THROTTLE_WINDOW: Duration = Duration::from_secs(10);

// Tokens.

/// Tokens in a data folder; another one is refused.
pub const MAX_TOKENS: usize = 10_000;
/// Characters in the name of a token; a longer one is refused.
pub const MAX_TOKEN_NAME_CHARS: usize = 100;

// Shutdown.

/// Open connections may end within this time after the stop signal; then they are cut.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);
/// The head of a request in flight must have arrived within this time after the stop signal; the connection is closed.
pub const SHUTDOWN_HEAD_TIMEOUT: Duration = Duration::from_millis(250);
/// The body of a request must have arrived within this time after the stop signal; the request is answered 503.
pub const SHUTDOWN_BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// A client must take at least one byte within this time after the stop signal; the connection is closed.
pub const SHUTDOWN_WRITE_TIMEOUT: Duration = Duration::from_secs(2);

// Memory of responses, and work on processors.

/// Bytes of all responses that are made or sent; further ones wait for [`RESPONSE_MEMORY_TIMEOUT`].
pub const RESPONSE_BUDGET_BYTES: usize = 256 << 20;
/// The same for the large responses of one token, or of all clients without one. One response may be larger, alone.
pub const RESPONSE_BUDGET_PER_TOKEN_BYTES: usize = 64 << 20;
/// Bytes of a response that may use [`SMALL_RESPONSES_RESERVE_BYTES`]; longer ones are large.
pub const MAX_SMALL_RESPONSE_BYTES: usize = 1 << 20;
/// Bytes of [`RESPONSE_BUDGET_BYTES`] that large responses leave to small ones. So a client that does not read large responses does not keep
/// the others from reading small ones. All clients without a token may fill it but for one token's share.
pub const SMALL_RESPONSES_RESERVE_BYTES: usize = 64 << 20;
/// Bytes of the small responses of one token, beside its large ones: a few tokens whose readers stall do not fill the reserve.
pub const SMALL_RESPONSES_PER_TOKEN_BYTES: usize = 16 << 20;
/// Bytes of a response that is not counted: the buffers of a connection are larger.
pub const MAX_UNCOUNTED_RESPONSE_BYTES: usize = 16 << 10;
/// A response waits for memory for this time; then the request is answered 503.
pub const RESPONSE_MEMORY_TIMEOUT: Duration = Duration::from_secs(10);
/// Tasks that wait for a processor in one pool; one more is answered 503.
pub const MAX_WAITING_CPU_TASKS: usize = 256;
/// A task waits for a processor for this time; then it is answered 503.
pub const CPU_TASK_TIMEOUT: Duration = Duration::from_secs(10);

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

// Configurations of runs.

/// Bytes of a run's configuration as JSON; a larger one is answered 413.
pub const MAX_CONFIG_BYTES: usize = 256 << 10;
/// Values in a run's configuration; more are answered 413.
pub const MAX_CONFIG_KEYS: usize = 1000;
/// Nesting of objects and arrays in a run's configuration; a deeper one is answered 413.
pub const MAX_CONFIG_DEPTH: usize = 16;

// Settings of metrics.

/// Names in the key `metrics` of a board; more are answered 413.
pub const MAX_METRIC_SETTINGS: usize = 1000;
/// Names with `*` or `?` among them, each of which is compared with every new metric; more are answered 413.
pub const MAX_METRIC_PATTERNS: usize = 100;
/// Names in the key `stepMetrics` of a run, each of which is compared with its metrics; more are answered 400.
pub const MAX_STEP_METRICS: usize = 100;

// Points.

/// Characters of a series' name; a longer one is answered 400.
pub const MAX_SERIES_NAME_CHARS: usize = 200;
/// Series of one cell without a run; one more is answered 413.
pub const MAX_SERIES_PER_CELL: usize = 1000;
/// Series of one cell of all runs but deleted ones; one more is answered 413.
pub const MAX_RUN_SERIES_PER_CELL: usize = 100_000;
/// Series in one request, over all its cells; more are answered 413.
pub const MAX_SERIES_PER_REQUEST: usize = 1000;
/// Points in one request; more are answered 413.
pub const MAX_POINTS_PER_REQUEST: usize = 1 << 20;
/// Distance of a point's time from 1970, in seconds: 3,000 years; a larger one is answered 400.
pub const MAX_TIME_SECONDS: f64 = 1e11;

// Runs.

/// Runs of one board, deleted ones excluded; one more is answered 413.
pub const MAX_RUNS_PER_BOARD: usize = 100_000;
/// Bytes of a request that changes the document of a run; a longer one is answered 413.
pub const MAX_RUN_BODY_BYTES: usize = 1 << 20;
/// Bytes of the document of a run, which stays in memory; a larger one is answered 413.
pub const MAX_RUN_BYTES: usize = 512 << 10;
/// All documents of runs of a board, which are in memory; no run is created, and none grows, beyond it.
pub const MAX_RUN_BYTES_PER_BOARD: usize = 512 << 20;
/// Characters of a run's name, group, type of job and of each of its tags; a longer one is answered 400.
pub const MAX_RUN_NAME_CHARS: usize = 200;
/// Bytes of a run's notes; longer ones are answered 400.
pub const MAX_RUN_NOTES_BYTES: usize = 64 << 10;
/// Tags of a run; more are answered 400.
pub const MAX_RUN_TAGS: usize = 100;
/// Seconds that a run may announce between two signs of life; more are answered 400.
pub const MAX_RUN_INTERVAL_SECONDS: f64 = 86_400.0;
/// Processes that write to a run and are distinguished; of more the one that was silent longest is forgotten.
pub const MAX_RUN_WRITERS: usize = 8;
/// Runs in one page of a list of runs, and without `$limit`; a higher limit is reduced to that.
pub const MAX_RUNS_PER_PAGE: usize = 1000;
/// Rows in one page of the table of runs; a higher limit is reduced to that.
pub const MAX_RUN_TABLE_ROWS: usize = 200;
/// Columns that `columns` names; more are answered 400.
pub const MAX_RUN_TABLE_COLUMNS: usize = 100;
/// Keys of configurations with a column unless `columns` names them; further ones are counted.
pub const MAX_RUN_TABLE_KEY_COLUMNS: usize = 30;
/// Columns of metrics unless `columns` names them, about; further metrics have none.
pub const MAX_RUN_TABLE_METRIC_COLUMNS: usize = 12;
/// Keys with equal values that the table lists; further ones are counted.
pub const MAX_RUN_TABLE_EQUAL_KEYS: usize = 50;
/// Characters of a value in the table of runs; the rest is left out.
pub const MAX_RUN_TABLE_TEXT_CHARS: usize = 200;
/// Bytes of a run's console output that are stored; of more the newest are.
pub const MAX_CONSOLE_BYTES: usize = 64 << 10;
/// Bytes of a request that appends to it; a longer one is answered 413.
pub const MAX_CONSOLE_BODY_BYTES: usize = 1 << 20;
/// Boards whose configurations of runs are indexed in memory; the one that was read longest ago is forgotten.
pub const MAX_CONFIG_INDEXES: usize = 16;
/// Values of single keys that are side by side in memory for searches of a board, about 64 bytes each; then they are made again.
pub const MAX_COLUMN_VALUES: usize = 400_000;
/// Runs that a request names by `runs`; more are answered 400.
pub const MAX_NAMED_RUNS: usize = 1000;
/// Keys, metrics or values in one answer of `run-keys`, if it has `$limit`; a higher limit is reduced to that.
pub const MAX_RUN_KEYS: usize = 1000;
/// Ids that a chart tries if cells of other types have the first ones; beyond it `log` is answered 409.
pub const MAX_CHART_IDS: usize = 100;

// Logs of runs.

/// Names of metrics and of other values in one request to `log`; more are answered 413.
pub const MAX_METRICS_PER_LOG: usize = 1000;
/// Runs of points of one name that all have a step or none, and all a time or none.
pub const MAX_PARTS_PER_LOG: usize = 4000;
/// Nesting of objects in the name of a metric; a deeper one is answered 400.
pub const MAX_LOG_DEPTH: usize = 16;

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

// Searches of runs.

/// Characters of a search; a longer one is answered 400.
pub const MAX_SEARCH_CHARS: usize = 2000;
/// Nesting of parentheses in a search; a deeper one is answered 400.
pub const MAX_SEARCH_DEPTH: usize = 16;
/// Conditions in a search, groups in parentheses included; more are answered 400.
pub const MAX_SEARCH_TERMS: usize = 100;
/// Bytes of a regular expression in a search; a longer one is answered 400.
pub const MAX_SEARCH_PATTERN_BYTES: usize = 200;
/// Bytes of a compiled regular expression; a larger one is answered 400.
pub const MAX_SEARCH_PATTERN_PROGRAM_BYTES: usize = 256 << 10;

// Groups of runs.

/// Keys that runs are grouped by; more are answered 400.
pub const MAX_GROUP_KEYS: usize = 8;
/// Rows in one page of groups of runs; a higher limit is reduced to that.
pub const MAX_RUN_GROUPS_PER_PAGE: usize = 200;
/// Members of a group whose other keys are compared; of larger groups it is not said in which keys their members differ.
pub const MAX_MIXED_MEMBERS: usize = 1000;
/// Metrics beside the one that groups are compared by; more are answered 400.
pub const MAX_SECONDARY_METRICS: usize = 8;
/// Runs or groups whose configurations are compared at once; more are answered 400.
pub const MAX_DIFF_COLUMNS: usize = 50;
/// Curves whose points are read for one table of groups; more are answered 400.
pub const MAX_POINT_SUMMARIES: usize = 2000;

// Live feeds.

/// Events that wait for one reader; beyond it they are dropped, and the reader gets the newest state of each cell.
pub const MAX_MAILBOX_EVENTS: usize = 256;
/// Bytes of the events that wait for one reader; the same happens beyond it.
pub const MAX_MAILBOX_BYTES: usize = 1 << 20;
/// A WebSocket must take a frame within this time, and within its bytes divided by [`MIN_WEBSOCKET_BYTES_PER_MS`];
/// it is closed.
pub const WEBSOCKET_STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a large frame that a WebSocket must take in a millisecond; a slower one is closed.
pub const MIN_WEBSOCKET_BYTES_PER_MS: usize = 32;
/// Points of one board are sent at most this often, those in between together.
pub const MIN_POINTS_INTERVAL: Duration = Duration::from_millis(16);
/// Signs of life of the runs of one board are sent at most this often, those in between together.
pub const MIN_SIGNS_INTERVAL: Duration = Duration::from_secs(5);
/// Runs whose points a page chooses in one message; the connection of one that names more is closed.
pub const MAX_CHOSEN_RUNS: usize = 200;
/// Boards on one page of the list; further ones are on the next pages.
pub const MAX_BOARDS_PER_PAGE: usize = 50;
/// Characters of a search for boards; further ones are ignored.
pub const MAX_FIND_CHARS: usize = 200;
/// The longest time for which a request for the list of boards waits for a change; then it is answered 304.
pub const FRONT_PAGE_WAIT: Duration = Duration::from_secs(25);
/// One open list of boards is drawn at most this often; changes in between are drawn together.
pub const MIN_FRONT_PAGE_INTERVAL: Duration = Duration::from_secs(1);
/// A page is notified of changes of the list of boards at most this often.
pub const MIN_BOARD_LIST_INTERVAL: Duration = Duration::from_millis(250);
/// Silence on a feed without events; then a bookmark is sent.
pub const BOOKMARK_INTERVAL: Duration = Duration::from_secs(15);

// Store.

/// Changes that wait for the writer; one more is answered 503.
pub const MAX_QUEUED_JOBS: usize = 4096;
/// Bytes of values that wait for the writer; a change that does not fit is answered 503.
pub const MAX_QUEUED_BYTES: usize = 64 << 20;
/// Changes in one commit; further ones are in the next.
pub const MAX_BATCH_JOBS: usize = 512;
/// Bytes of values in one commit; further ones are in the next.
pub const MAX_BATCH_BYTES: usize = 16 << 20;
/// Bytes of a value that stays in memory; a larger one is read from disk, and takes no part in queries.
pub const MAX_INLINE_VALUE_BYTES: usize = 16 << 10;
/// Bytes of blocks of pyramid nodes in each generation of the cache; then the older generation is dropped.
pub const BLOCK_CACHE_BYTES: usize = 24 << 20;
/// Bytes of decoded chunks of points in each generation of the cache; then the older generation is dropped.
pub const CHUNK_CACHE_BYTES: usize = 5 << 20;
/// Bytes of outlines that were made from points, in each generation of the cache; then the older generation is dropped.
pub const OUTLINE_CACHE_BYTES: usize = 16 << 20;
/// Bytes of curves of groups in each generation of the cache; then the older generation is dropped.
pub const GROUP_CURVE_CACHE_BYTES: usize = 4 << 20;
/// Points of one series in one event; of more the event has their number only.
pub const MAX_EVENT_POINTS: usize = 1024;
/// Chunks that the smoothed lines of one answer read; beyond it there are fewer averages than columns. 4096 are
/// 16 million points, and take about half a second.
pub const MAX_SMOOTHING_CHUNKS: u64 = 4096;
/// Chunks of which each series of such an answer has at least its averages.
pub const MIN_SMOOTHING_CHUNKS_PER_SERIES: u64 = 256;
/// Chunks that one series of such an answer reads; beyond it there are fewer averages than columns.
pub const MAX_SMOOTHING_CHUNKS_PER_SERIES: u64 = 2560;

// Removed cells.

/// Removed cells of one board that can be restored; the oldest is purged.
pub const MAX_TOMBSTONES_PER_BOARD: usize = 100;
/// Removed cells of all boards; the oldest is purged. The cells of deleted boards are counted apart, up to as many. Their documents stay in memory, their values do not.
pub const MAX_TOMBSTONES: usize = 10_000;
/// Bytes on disk of all removed cells, about; the oldest is purged. The newest stays whatever its size.
pub const MAX_TOMBSTONE_BYTES: u64 = 128 << 20;
/// Deleted runs of all boards that can be restored; the oldest is purged. Their documents stay in memory.
pub const MAX_REMOVED_RUNS: usize = 100_000;
/// Bytes on disk of all deleted runs with their points, about; the oldest is purged. The newest deletion stays whatever its size.
pub const MAX_REMOVED_RUN_BYTES: u64 = 1 << 30;
/// Bytes on disk of the cells of deleted boards, without the points of their runs, about; the oldest is purged. The board that was deleted
/// last stays whatever its size.
pub const MAX_REMOVED_BOARD_BYTES: u64 = 1 << 30;
/// Milliseconds after its removal in which a cell or a run can be restored; then it is purged.
pub const TOMBSTONE_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1000;

// Idempotency.

/// Characters of an idempotency key; a longer one is answered 400.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 200;
/// Requests of one writer in flight: its newest numbers whose responses are stored; an older one counts as done.
pub const MAX_REPLIES_PER_WRITER: u64 = 128;
/// Writers whose responses are stored; the one that was silent longest is forgotten.
pub const MAX_WRITERS: usize = 10_000;
/// Keys without a number whose responses are stored; the oldest is forgotten.
pub const MAX_OPAQUE_KEYS: usize = 100_000;
/// Milliseconds for which such a key is stored; a request with it is then a new one.
pub const OPAQUE_KEY_TTL_MS: u64 = 24 * 60 * 60 * 1000;
/// Bytes of stored responses, of keys and of writers each, which are in memory, too; the oldest are forgotten.
pub const MAX_REPLY_BYTES: usize = 64 << 20;
/// Bytes of a stored response; of a longer one a summary is stored.
pub const MAX_STORED_RESPONSE_BYTES: usize = 16 << 10;

// Checks.

/// Time of the check of the database beside each start; a larger database is checked as far as this goes.
pub const QUICK_CHECK_TIMEOUT: Duration = Duration::from_secs(60);
/// Faults that a check lists; further ones are counted.
pub const MAX_LISTED_FAULTS: usize = 20;
/// While a full disk brings no changes: the time after which its free space is looked at again.
pub const DISK_FULL_RECHECK_INTERVAL: Duration = Duration::from_secs(60);

// Bodies of requests.

/// Bytes of a body with cells: a picture as `data:` URI; a longer one is answered 413.
pub const MAX_CELL_BODY_BYTES: usize = 16 << 20;
/// Bytes of a body with points, or of a stream of lines without a key; a longer one is answered 413.
pub const MAX_POINTS_BODY_BYTES: usize = 64 << 20;
/// Bytes of the body of an epoch of Keras; a longer one is answered 413.
pub const MAX_EPOCH_BODY_BYTES: usize = 1 << 20;
/// Bytes of the body of a run's heartbeat; a longer one is answered 413.
pub const MAX_HEARTBEAT_BYTES: usize = 16 << 10;
/// Bytes of the body of a new share; a longer one is answered 413.
pub const MAX_SHARE_BODY_BYTES: usize = 16 << 10;
/// Bytes of the body of a call by the page, the longest of which is a description; a longer one is answered 413.
pub const MAX_PAGE_CALL_BODY_BYTES: usize = 512 << 10;
/// Bytes of a body, or its end, that must arrive within [`BODY_PROGRESS_TIMEOUT`]; a slower one is answered 408.
pub const MIN_BODY_PROGRESS_BYTES: usize = 120 << 10;
/// The time within which [`MIN_BODY_PROGRESS_BYTES`] must arrive.
pub const BODY_PROGRESS_TIMEOUT: Duration = Duration::from_secs(30);
/// Silence of a stream of lines; then it is answered 408.
pub const POINT_STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes below which a body is not counted and never waits for memory.
pub const MAX_UNCOUNTED_BODY_BYTES: usize = 64 << 10;
/// Bytes of a body that counts towards [`MEDIUM_BODIES_BUDGET_BYTES`]; longer ones count as large.
pub const MAX_MEDIUM_BODY_BYTES: usize = 2 << 20;
/// Bytes of all medium bodies in transfer; further ones wait for [`BODY_MEMORY_TIMEOUT`].
pub const MEDIUM_BODIES_BUDGET_BYTES: usize = 64 << 20;
/// Bytes of all large bodies in transfer; further ones wait for [`BODY_MEMORY_TIMEOUT`].
pub const LARGE_BODIES_BUDGET_BYTES: usize = 256 << 20;
/// A body waits for memory for this time before it is read; then it is answered 503.
pub const BODY_MEMORY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of all bodies that are parsed at the same time; further ones wait for [`CPU_TASK_TIMEOUT`].
pub const PARSE_BUDGET_BYTES: usize = 128 << 20;

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
