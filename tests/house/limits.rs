//! Numbers that documents and descriptions of the API state are those of `src/server/limits/`.

use std::collections::BTreeMap;

use super::{files, read, root};

/// Sentences that state bounds, with the bounds' names in their places. `{NAME}` is a plain number or a time in seconds,
/// `{NAME:,}` has commas between thousands, `{NAME:min}`, `{NAME:h}` and `{NAME:d}` are times in minutes, hours and days,
/// `{NAME:KiB}` and `{NAME:MiB}` sizes without their unit.
const STATED: &[(&str, &[&str])] = &[
    (
        "docs/rest.md",
        &[
            "a body {MAX_CELL_BODY_BYTES:MiB} MiB;",
            "a value {MAX_VALUE_BYTES:MiB} MiB unless it is a picture; all other keys {MAX_KEYS_BYTES:KiB} KiB",
            "{MAX_VALUE_DEPTH} levels; {MAX_NESTED_VALUES:,} values in these other keys of one body",
            "{MAX_CELLS_PER_REQUEST} cells in an array",
            "{MAX_OPERATION_BYTES:MiB} MiB written at once by one patch",
            "The answer to a change of many has {MAX_OPERATION_BYTES:MiB} MiB of values at most",
            "any text of 1 to {MAX_IDEMPOTENCY_KEY_CHARS} printable ASCII characters",
            "`t` within {MAX_TIME_SECONDS:e} seconds of 1970",
            "The name of a series has 1 to {MAX_SERIES_NAME_CHARS} characters",
            "A cell may have {MAX_SERIES_PER_CELL} series.",
            "lists the deleted boards that can be restored, at most {MAX_REMOVED_BOARDS:,}.",
            "titles of the axes, up to {MAX_AXIS_TITLE_CHARS} characters",
            "One request may have {MAX_SERIES_PER_REQUEST} series, {MAX_POINTS_PER_REQUEST:,} points",
            "The last {MAX_TOMBSTONES_PER_BOARD} removed cells of a board are kept, {MAX_TOMBSTONES:,} of all boards, \
             for {TOMBSTONE_TTL_MS:d} days, and about {MAX_TOMBSTONE_BYTES:MiB} MiB",
            "(another epoch, or more than {MAX_TOMBSTONES_PER_BOARD} removals ago)",
            "An answer reads at most {MAX_SMOOTHING_CHUNKS} chunks of 4096 points for its smoothed lines, shared by its series, \
             but {MIN_SMOOTHING_CHUNKS_PER_SERIES} of each; at most {MAX_SMOOTHING_CHUNKS_PER_SERIES} of one.",
            "Of a body over {MAX_STORED_RESPONSE_BYTES:KiB} KiB",
            "Keys are kept for {OPAQUE_KEY_TTL_MS:h} hours, the newest {MAX_OPAQUE_KEYS:,} of them, with {MAX_REPLY_BYTES:MiB} MiB",
            "up to {MAX_REPLIES_PER_WRITER} requests in flight",
            "the {MAX_WRITERS:,} most recent writers are kept, however old, with {MAX_REPLY_BYTES:MiB} MiB of answers",
            "A `value` over {MAX_INLINE_VALUE_BYTES:KiB} KiB takes no part in queries",
            "If more than {MAX_EVENT_POINTS} of a series came at once",
            "{MAX_POINTS_PER_REQUEST:,} points and {MAX_POINTS_BODY_BYTES:MiB} MiB (413)",
            "At most {MAX_SERIES_PER_REQUEST} metrics and {MAX_EPOCH_BODY_BYTES:MiB} MiB.",
            "&limit={MAX_POINTS_PER_PAGE}` answers up to {MAX_POINTS_PER_PAGE:,} points",
            "One answer has {MAX_COLUMNS_PIXELS:,} pixels over all series",
            "within {RENDER_BUDGET_BYTES:MiB} MiB. {MAX_WAITING_RENDERS} requests may wait for that, \
             {MAX_WAITING_RENDERS_PER_TOKEN} of one token, {RENDER_TIMEOUT} s each",
            "({RENDER_CACHE_BYTES:MiB} MiB for all)",
            "SVG, up to {MAX_IMAGE_FILE_BYTES:MiB} MiB)",
            "A query may have {MAX_QUERY_CONDITIONS} conditions",
            "{MAX_QUERY_LIST_VALUES} values in those lists, {MAX_SORT_KEYS} keys in `$sort`, {MAX_SELECT_KEYS} in `$select`, \
             {MAX_QUERY_DEPTH} nested brackets and {MAX_QUERY_PAIRS} pairs of key and value",
            "hold {RESPONSE_BUDGET_BYTES:MiB} MiB together, those of one token (or of all clients without one) \
             {RESPONSE_BUDGET_PER_TOKEN_BYTES:MiB} MiB",
            "Answers up to {MAX_SMALL_RESPONSE_BYTES:MiB} MiB have {SMALL_RESPONSES_RESERVE_BYTES:MiB} MiB for themselves",
            "Of these {SMALL_RESPONSES_RESERVE_BYTES:MiB} MiB one token has {SMALL_RESPONSES_PER_TOKEN_BYTES:MiB} MiB",
            "Answers below {MAX_UNCOUNTED_RESPONSE_BYTES:KiB} KiB are not counted",
            "from {MAX_UNCOUNTED_RESPONSE_BYTES:KiB} KiB on use the same memory",
            "finds no space within {RESPONSE_MEMORY_TIMEOUT} s is answered 503",
            "It is closed within {EVICTION_TIMEOUT} s.",
            "({MAX_MAILBOX_EVENTS} events or {MAX_MAILBOX_BYTES:MiB} MiB behind)",
            "`runs=first,second` names the runs, at most {MAX_COLUMNS_RUNS};",
            "A series and its metric may have {MAX_JOINED_POINTS_PER_SERIES:,} points together, all of a query {MAX_JOINED_POINTS:,}",
            "at most {MAX_CHOSEN_RUNS} ids and {MAX_INCOMING_FRAME_BYTES:KiB} KiB",
            "receives none for {WEBSOCKET_STALL_TIMEOUT} s, or less than {MIN_WEBSOCKET_BYTES_PER_MS} KB a second",
        ],
    ),
    (
        "docs/groups.md",
        &[
            "ids with commas between them, at most {MAX_GROUPS_CELLS}, of one board",
            "up to {MAX_GROUP_KEYS} keys of configuration or document",
            "there are never more than {MAX_GROUP_PLACES}",
            "from 0 to {MAX_SMOOTH}",
            "The answer has the {MAX_GROUPS} largest groups",
            "members times places are at most {MAX_GROUP_VALUES:,},",
            "members with more than {MAX_GROUP_POINTS:,} points together",
            "those of more than {MAX_SMALL_GROUP} members from {MAX_LARGE_GROUP_POINTS:,} points on",
            "may have {MAX_MEMBER_POINTS:,} points",
            "such runs of one curve {MAX_GROUP_READ_POINTS:,} points together",
            "Its cells times its runs are at most {MAX_GROUPS_MEMBERS:,} (400)",
            "One answer may have {MAX_GROUPS_PLACES:,} places",
        ],
    ),
    (
        "docs/layout.md",
        &[
            "`Metrics`, then each by its first cell, then `system`. {MAX_LAYOUT_SECTIONS:,} at most.",
            "{MAX_LAYOUT_BLOCKS} at most. Beyond that the oldest are removed",
            "A request may have {MAX_LAYOUT_BLOCKS} (413).",
            "The body has {MAX_RUN_BODY_BYTES:MiB} MiB at most, and the document of the board {MAX_KEYS_BYTES:KiB} KiB",
            "`text` has 1 to {MAX_MARK_TEXT_CHARS} characters.",
            "A board has {MAX_MARKS_PER_BOARD} at most (413).",
            "`name`: 1 to {MAX_VIEW_NAME_CHARS} characters",
            "the query of the page's address, up to {MAX_VIEW_QUERY_BYTES} bytes",
            "A board has {MAX_VIEWS_PER_BOARD} at most (413).",
        ],
    ),
    (
        "docs/comparison.md",
        &[
            "`by` names up to {MAX_GROUP_KEYS} keys",
            "`columns` names up to {MAX_RUN_TABLE_COLUMNS} further keys",
            "read points, of up to {MAX_POINT_SUMMARIES} curves",
            "may be {MAX_GROUP_READ_POINTS:,} together (413)",
            "`secondary` names up to {MAX_SECONDARY_METRICS} further metrics",
            "(50, at most {MAX_RUN_GROUPS_PER_PAGE})",
            "Both have up to {MAX_RUN_GROUPS_PER_PAGE} groups;",
            "`run-diff` compares 2 to {MAX_DIFF_COLUMNS} columns",
        ],
    ),
    (
        "docs/runs.md",
        &[
            "A board may have {MAX_RUNS_PER_BOARD:,} runs (413)",
            "Objects may be nested {MAX_LOG_DEPTH} deep. A name has 1 to {MAX_SERIES_NAME_CHARS} characters",
            "One request may have {MAX_METRICS_PER_LOG} names and {MAX_POINTS_PER_REQUEST:,} points (413)",
            "A cell may have {MAX_RUN_SERIES_PER_CELL:,} series of runs.",
            "The document may have {MAX_RUN_BYTES:KiB} KiB; those of all runs of a board may have {MAX_RUN_BYTES_PER_BOARD:MiB} MiB together",
            "a string of up to {MAX_RUN_NAME_CHARS} characters",
            "an object: {MAX_CONFIG_KEYS} keys, {MAX_CONFIG_DEPTH} levels, {MAX_CONFIG_BYTES:KiB} KiB",
            "a list of up to {MAX_RUN_TAGS} strings",
            "Markdown, up to {MAX_RUN_NOTES_BYTES:KiB} KiB",
            "names runs (up to {MAX_NAMED_RUNS}). One answer has up to {MAX_RUNS_PER_PAGE} runs.",
            "A search may have {MAX_SEARCH_CHARS} characters, {MAX_SEARCH_TERMS} conditions, {MAX_SEARCH_DEPTH} nested parentheses, \
             and regular expressions of {MAX_SEARCH_PATTERN_BYTES} bytes",
            "`$limit` is 50 if it is missing, and at most {MAX_RUN_TABLE_ROWS}.",
            "Of up to {MAX_RUN_TABLE_KEY_COLUMNS} keys there are columns",
            "are in `equal`, the first {MAX_RUN_TABLE_EQUAL_KEYS}.",
            "names up to {MAX_RUN_TABLE_COLUMNS} columns instead",
            "Texts are cut after {MAX_RUN_TABLE_TEXT_CHARS} characters.",
            "at most so many of each kind, up to {MAX_RUN_KEYS}.",
            "up to {MAX_POINTS_PER_PAGE:,} points in the order of arrival",
            "kept, {MAX_KEYS_BYTES:KiB} KiB in all",
            "appends text (up to {MAX_CONSOLE_BODY_BYTES:MiB} MiB)",
            "The newest {MAX_CONSOLE_BYTES:KiB} KiB are stored.",
        ],
    ),
    (
        "docs/deploy.md",
        &[
            "LimitNOFILE={MAX_OPEN_FILES}",
            "beside each start ({QUICK_CHECK_TIMEOUT} s at most)",
            "boards, for {TOMBSTONE_TTL_MS:d} days, about {MAX_TOMBSTONE_BYTES:MiB} MiB in all.",
            "The cells of deleted boards are counted apart: {MAX_TOMBSTONES:,}, about 1 GiB, for {TOMBSTONE_TTL_MS:d} days",
            "The trash has the {MAX_REMOVED_BOARDS:,} boards that were deleted last, for {TOMBSTONE_TTL_MS:d} days",
            "(raised as far as the system allows) minus {RESERVED_FILES};",
            "sends no request for {REQUEST_HEAD_TIMEOUT} s is closed",
            "that is silent for {POINT_STREAM_IDLE_TIMEOUT:min} minutes is answered 408",
            "Of any other body {MIN_BODY_PROGRESS_BYTES:KiB} KiB, or its end, must arrive in each {BODY_PROGRESS_TIMEOUT} s.",
            "Bodies below {MAX_UNCOUNTED_BODY_BYTES:KiB} KiB do not count. Those up to {MAX_MEDIUM_BODY_BYTES:MiB} MiB share \
             {MEDIUM_BODIES_BUDGET_BYTES:MiB} MiB, larger ones share {LARGE_BODIES_BUDGET_BYTES:MiB} MiB. A body whose length \
             does not fit waits up to {BODY_MEMORY_TIMEOUT} s",
            "address takes ({MAX_CELL_BODY_BYTES:MiB} or {MAX_POINTS_BODY_BYTES:MiB} MiB)",
            "at most {MAX_THROTTLED_LOG_LINES} lines of each in {LOG_THROTTLE_WINDOW} s",
        ],
    ),
    (
        "docs/cells.md",
        &[
            "Units and titles of axes are one line of up to {MAX_AXIS_TITLE_CHARS} characters.",
            "At most {MAX_TABLE_ROWS:,} rows and {MAX_TABLE_COLUMNS} columns.",
            "The page shows the first {MAX_SHOWN_CELL_BYTES:,} bytes of a cell, and about {MAX_HTML_BYTES:MiB} MiB of a table",
            "Of a text of more than {MAX_MARKDOWN_BYTES:MiB} MiB",
        ],
    ),
    (
        "src/server/http/openapi/schemas/cells.rs",
        &["{MAX_VALUE_DEPTH} levels deep at most; {MAX_VALUE_BYTES:MiB} MiB,", "All other keys together {MAX_KEYS_BYTES:KiB} KiB"],
    ),
    ("src/server/http/openapi/schemas/points.rs", &["max_length(Some({MAX_SERIES_NAME_CHARS}))", "max_length = {MAX_SERIES_NAME_CHARS})"]),
    (
        "src/server/http/openapi/parameters.rs",
        &[
            "min_length = 1, max_length = {MAX_IDEMPOTENCY_KEY_CHARS}, pattern",
            "Keys are kept for {OPAQUE_KEY_TTL_MS:h} hours, the newest {MAX_OPAQUE_KEYS:,} of them",
            "writer's {MAX_REPLIES_PER_WRITER} newest numbers are kept, of the {MAX_WRITERS:,} writers",
            "rename = \"$select\", required = false, max_items = {MAX_SELECT_KEYS})",
            "A query may have {MAX_QUERY_CONDITIONS} conditions (groups and lists included), {MAX_QUERY_LIST_VALUES} values in its lists",
        ],
    ),
    (
        "src/server/http/openapi/responses.rs",
        &["less than {MIN_BODY_PROGRESS_BYTES:KiB} KiB, and not its end, within {BODY_PROGRESS_TIMEOUT} s"],
    ),
    ("src/server/http/api/values.rs", &["whatever the Content-Type; at most {MAX_CELL_BODY_BYTES:MiB} MiB."]),
    ("src/server/http/api/keras.rs", &["At most {MAX_EPOCH_BODY_BYTES:MiB} MiB and {MAX_SERIES_PER_REQUEST} metrics."]),
    (
        "src/server/http/api/format/points_page.rs",
        &["more than {MAX_POINTS_PER_PAGE:,} are cut to that", "default = {MAX_POINTS_PER_PAGE})"],
    ),
    (
        "src/server/http/api/points.rs",
        &["at most {MAX_POINTS_BODY_BYTES:MiB} MiB, {MAX_SERIES_PER_REQUEST} series and {MAX_POINTS_PER_REQUEST:,} points"],
    ),
    (
        "src/server/http/api/columns.rs",
        &[
            "minimum = 0, maximum = {MAX_SMOOTH}, default = 0)",
            "minimum = 1, maximum = {MAX_COLUMNS_WIDTH},",
            "with commas between them, at most {MAX_COLUMNS_CELLS}.",
        ],
    ),
    (
        "src/server/http/api/groups/query.rs",
        &[
            "Places at most; there are no more than {MAX_GROUP_PLACES}.",
            "minimum = 1, maximum = {MAX_COLUMNS_WIDTH}, default = 800)",
            "minimum = 0, maximum = {MAX_SMOOTH}, default = 0)",
        ],
    ),
    (
        "src/server/http/api/groups/mod.rs",
        &[
            "Ids with commas between them, at most {MAX_GROUPS_CELLS}, of one board.",
            "at most {MAX_GROUP_KEYS}, separated by commas",
            "For each group, of which there are at most {MAX_GROUPS},",
        ],
    ),
    (
        "src/server/http/openapi/exports.rs",
        &[
            "minimum = {MIN_EXPORT_WIDTH}, maximum = {MAX_EXPORT_PIXELS})",
            "minimum = {MIN_EXPORT_HEIGHT}, maximum = {MAX_EXPORT_PIXELS}, default",
            "min_length(Some(1)).max_length(Some({MAX_TIME_ZONE_NAME_BYTES}))",
            "minimum = -{MAX_UTC_OFFSET_MINUTES}, maximum = {MAX_UTC_OFFSET_MINUTES},",
        ],
    ),
];

/// The constants' values; times in seconds.
fn limits() -> BTreeMap<String, f64> {
    let text: String = files("src/server/limits", &["rs"]).iter().map(|file| read(file)).collect();
    let definitions = text.lines().filter_map(|line| line.strip_prefix("pub const "));
    definitions
        .map(|definition| {
            let (name, rest) = definition.split_once(": ").unwrap_or_else(|| panic!("no type: {definition}"));
            let (_, value) = rest.split_once(" = ").unwrap_or_else(|| panic!("no value: {definition}"));
            let value = value.trim_end_matches(';');
            let value = evaluate(value).unwrap_or_else(|| panic!("{name} has no value that this test understands: {value}"));
            (name.to_owned(), if name.ends_with("_TTL_MS") { value / 1000.0 } else { value })
        })
        .collect()
}

/// Products and shifts of numbers, and durations.
fn evaluate(text: &str) -> Option<f64> {
    let text = text.trim();
    for (prefix, unit) in [("Duration::from_secs(", 1.0), ("Duration::from_millis(", 1e-3)] {
        if let Some(number) = text.strip_prefix(prefix) {
            return Some(evaluate(number.strip_suffix(')')?)? * unit);
        }
    }
    if let Some((left, right)) = text.split_once("<<") {
        return Some(evaluate(left)? * 2f64.powi(right.trim().parse().ok()?));
    }
    if let Some((left, right)) = text.rsplit_once('*') {
        return Some(evaluate(left)? * evaluate(right)?);
    }
    text.replace('_', "").parse().ok()
}

fn with_commas(number: f64) -> String {
    let digits = format!("{number}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// The sentence with the numbers in it.
fn filled(sentence: &str, limits: &BTreeMap<String, f64>) -> String {
    let mut parts = sentence.split('{');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap();
        let (name, form) = name.split_once(':').unwrap_or((name, ""));
        let value = *limits.get(name).unwrap_or_else(|| panic!("src/server/limits has no {name}"));
        let number = match form {
            "" => format!("{value}"),
            "," => with_commas(value),
            "e" => format!("{value:e}"),
            "min" => format!("{}", value / 60.0),
            "h" => format!("{}", value / 3600.0),
            "d" => format!("{}", value / 86_400.0),
            "KiB" => format!("{}", value / 1024.0),
            "MiB" => format!("{}", value / 1_048_576.0),
            _ => panic!("{{{name}:{form}}} has no such form"),
        };
        text = text + &number + rest;
    }
    text
}

/// All white space as one blank, without the marks of comments: a sentence may go over several lines.
fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "///").collect();
    words.join(" ")
}

#[test]
fn stated_numbers_are_the_limits() {
    let limits = limits();
    let mut missing = Vec::new();
    for (file, sentences) in STATED {
        let text = on_one_line(&read(&root().join(file)));
        let sentences = sentences.iter().map(|sentence| filled(&on_one_line(sentence), &limits));
        missing.extend(sentences.filter(|sentence| !text.contains(sentence.as_str())).map(|sentence| format!("{file}: {sentence}")));
    }
    assert!(missing.is_empty(), "src/server/limits has other numbers than these files, which do not contain: {missing:#?}");
}

#[test]
fn every_limit_says_what_happens_beyond_it() {
    for file in files("src/server/limits", &["rs"]) {
        let text = read(&file);
        let mut before = "";
        for line in text.lines() {
            assert!(!line.starts_with("pub const ") || before.starts_with("/// "), "no comment: {line}");
            before = line;
        }
        assert!(!text.contains("use crate::server"), "limits are at the bottom: they use nothing of the server");
    }
}

#[test]
fn numbers_are_read_and_written_in_every_form() {
    let values = ["1 << 20", "30 * 24 * 3600", "Duration::from_millis(250)", "1e11", "10_000", "Duration::from_secs(24 * 60)"];
    assert_eq!(values.map(evaluate), [1_048_576.0, 2_592_000.0, 0.25, 1e11, 10_000.0, 1440.0].map(Some));
    assert_eq!(evaluate("OTHER + 1"), None);
    let limits: BTreeMap<String, f64> = [("MAX_A".to_owned(), 1_048_576.0), ("B_TIMEOUT".to_owned(), 300.0)].into();
    assert_eq!(filled("{MAX_A} {MAX_A:,} {MAX_A:MiB} {MAX_A:KiB} {B_TIMEOUT:min}", &limits), "1048576 1,048,576 1 1024 5");
}
