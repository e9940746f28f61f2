//! Connections, bodies of requests, live feeds, memory of responses.

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
