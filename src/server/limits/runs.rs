//! Runs: their documents, points and logs; searches and groups of runs.

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
