//! The store: queues, caches, the trash, idempotency and checks.

use std::time::Duration;

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
/// Deleted boards that can be restored; the one that was deleted first is forgotten, and its cells and runs are purged by their own limits.
pub const MAX_REMOVED_BOARDS: usize = 1000;
/// Milliseconds after its removal in which a cell, a run or a board can be restored; then it is purged.
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
