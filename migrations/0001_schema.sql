-- The schema. Until the first release this file is edited in place; a database with another schema is refused. After the
-- first release every change is a new file, and no change removes or renames anything ("expand only").
--
-- Every row has a checksum (CRC-32; src/server/store/integrity/checksum.rs defines its bytes):
--   journal, chunk, node, outline, outline_range   the last four bytes of the blob, over the blob and the row's key
--   all others                      `sum`, over all other columns of the row
-- Missing, duplicate and outdated rows are detected by counts: `state.row_counts` has the number of rows and the sum of the
-- checksums of board, board_document, run, heartbeat, cell, series, journal, reply, and of values of runs without their
-- text; a cell has the version and length of its value; a series has the number of its chunks, and the number of points and
-- checksum of its tail. Nodes and outlines can be made again from the points.

-- One row with the state of the whole database. Every commit updates it.
CREATE TABLE state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    -- random; replaced when commits may have been lost: event numbers of different epochs cannot be compared
    epoch   TEXT NOT NULL,
    -- 'full' or 'normal', the --durability of the running or crashed server; 'ended' after a clean shutdown
    session TEXT NOT NULL,
    -- random, identifies the writing process: a commit fails if another process has replaced it
    owner   TEXT NOT NULL,
    -- number of commits
    commits INTEGER NOT NULL,
    -- last number given to a version or to a cell's place in the creation order; numbers are never reused
    version INTEGER NOT NULL,
    -- last key given to a series; keys are never reused
    series  INTEGER NOT NULL,
    -- number of rows and sum of checksums of each counted table
    row_counts TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- One row per board that ever had a cell or a run. Every change on the board writes it.
CREATE TABLE board (
    name      TEXT PRIMARY KEY,
    -- number of the last event of its cells; the next event is seq + 1
    seq       INTEGER NOT NULL,
    -- low watermark: tombstones of removals up to this event are purged, so that a reader that has seen less needs a snapshot
    floor     INTEGER NOT NULL,
    -- the same two numbers of the events of its runs
    run_seq   INTEGER NOT NULL,
    run_floor INTEGER NOT NULL,
    -- time of the last event: unix time, ms
    changed   INTEGER NOT NULL,
    sum       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The documents of boards, as far as they have one.
CREATE TABLE board_document (
    board   TEXT PRIMARY KEY,
    -- number of changes, from 1
    rev     INTEGER NOT NULL,
    created INTEGER NOT NULL, -- unix time, ms
    updated INTEGER NOT NULL, -- unix time, ms
    -- JSON object of all keys of the document except name, rev, createdAt and updatedAt
    doc     TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per run, deleted ones that can be restored included.
CREATE TABLE run (
    board   TEXT NOT NULL,
    id      TEXT NOT NULL,
    -- event of its last change, among the events of the board's runs
    seq     INTEGER NOT NULL,
    -- event that created or restored it
    created_seq   INTEGER NOT NULL,
    -- ascends over all boards with the order of creation
    created_order INTEGER NOT NULL,
    -- number of changes, from 1; heartbeats are none
    rev     INTEGER NOT NULL,
    created INTEGER NOT NULL, -- unix time, ms
    updated INTEGER NOT NULL, -- unix time, ms
    -- 1: a tombstone; its series are hidden
    removed INTEGER NOT NULL,
    -- JSON object of all keys of the document except _id, board, rev, createdAt and updatedAt
    doc     TEXT NOT NULL,
    sum     INTEGER NOT NULL,
    PRIMARY KEY (board, id)
) STRICT, WITHOUT ROWID;

-- The last heartbeats of runs that have given one, deleted runs included. They are written once a minute, without the documents.
CREATE TABLE heartbeat (
    board TEXT NOT NULL,
    run   TEXT NOT NULL,
    ms    INTEGER NOT NULL, -- unix time, ms
    sum   INTEGER NOT NULL,
    PRIMARY KEY (board, run)
) STRICT, WITHOUT ROWID;

-- A cell without its value, so that a change of its title does not rewrite an image.
CREATE TABLE cell (
    id      TEXT PRIMARY KEY,
    board   TEXT NOT NULL,
    -- event of its last change
    seq     INTEGER NOT NULL,
    -- event that created it on its board or moved it there
    entered_board_seq INTEGER NOT NULL,
    -- ascends over all boards with the order of creation; orders cells with equal positions
    created_order INTEGER NOT NULL,
    -- number of changes, from 1
    rev     INTEGER NOT NULL,
    -- version of its value; unique among all values that the database ever had
    version INTEGER NOT NULL,
    created INTEGER NOT NULL, -- unix time, ms
    updated INTEGER NOT NULL, -- unix time, ms
    -- 1: a tombstone, kept for undo and for readers that have not yet seen the removal
    removed INTEGER NOT NULL,
    -- length of its value in `value`, in bytes; NULL: no value there
    bytes   INTEGER,
    -- JSON object of all keys of the document except _id, value, board, rev, createdAt and updatedAt
    doc     TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- The values of cells, as JSON text. A cell's current value has neither run nor step; the last value of a run has no step.
CREATE TABLE value (
    cell    TEXT NOT NULL,
    -- NULL: of no run
    run     TEXT,
    -- NULL: of no step
    step    INTEGER,
    version INTEGER NOT NULL, -- as in `cell`
    json    TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- The key is (cell, run, step). SQLite's unique indexes take two NULLs for different values, so the index replaces NULL by a
-- value of another type, which no run (text) and no step (integer) is equal to.
CREATE UNIQUE INDEX value_key ON value (cell, ifnull(run, 0), ifnull(step, ''));

-- One row per series of a line cell. Points that are only in the journal are not counted here.
CREATE TABLE series (
    -- ascends with the order of creation
    key    INTEGER PRIMARY KEY,
    cell   TEXT NOT NULL,
    -- the run of the cell's board that it belongs to; NULL: none
    run    TEXT,
    -- unique within the cell and the run
    name   TEXT NOT NULL,
    -- of a series of a run: the name under which its points were sent
    metric TEXT,
    -- number of points in chunks, a multiple of 4096
    sealed INTEGER NOT NULL,
    -- number of points and checksum of its row in `tail`; 0: there is none
    tail_count INTEGER NOT NULL,
    tail_sum   INTEGER NOT NULL,
    -- the last point in chunks and tail: step, value and wall time, three little-endian doubles; empty if there is none
    last   BLOB NOT NULL,
    -- event of its last points
    seq    INTEGER NOT NULL,
    -- 1: deleted; its chunks and nodes are deleted step by step, then this row
    dead   INTEGER NOT NULL,
    -- event of its first points
    began  INTEGER NOT NULL,
    -- of a series of a run: number of points in its row in `outline`, from the first one on; 0: there is none
    outlined INTEGER NOT NULL,
    -- of a series of a run: figures of the curve of the points in chunks and tail (src/series/summary_codec.rs); NULL of others.
    -- It can be made again from the points.
    summary BLOB,
    sum    INTEGER NOT NULL
) STRICT;

-- One row per commit that appended points, with the points of all series (src/server/store/series/journal.rs). At a start the
-- points that are in no chunk and no tail are read from here.
CREATE TABLE journal (
    id     INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- 4096 points of one series each, compressed and immutable. The key is series * 2^35 + number of the chunk.
CREATE TABLE chunk (
    key    INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- Blocks of 512 nodes of one level of a series' pyramid; the last block of a level may have fewer. The key is
-- (series * 2^4 + level) * 2^31 + number of the block.
CREATE TABLE node (
    key   INTEGER PRIMARY KEY,
    nodes BLOB NOT NULL
) STRICT;

-- The points of a series after its last chunk, at the time when its rows of the journal were deleted. A later tail begins with
-- the same points. Not read at a start: the row of the series has the number of points and the checksum.
CREATE TABLE tail (
    series INTEGER PRIMARY KEY,
    -- index of the first point within the series
    start  INTEGER NOT NULL,
    points BLOB NOT NULL,
    sum    INTEGER NOT NULL
) STRICT;

-- The curve of a series of a run in at most 256 columns, of its first points, usually all (`series.outlined`). Points that come
-- later are added when it is read; it is written again some time after they have come. It can be made again from the points.
CREATE TABLE outline (
    series  INTEGER PRIMARY KEY,
    columns BLOB NOT NULL
) STRICT;

-- The lowest and the highest values of these columns, apart because few readers need them; none where they are the values themselves.
CREATE TABLE outline_range (
    series INTEGER PRIMARY KEY,
    ranges BLOB NOT NULL
) STRICT;

-- Responses to requests with an Idempotency-Key: the newest of each writer.
CREATE TABLE reply (
    writer TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- hash of the request's body
    hash   INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at     INTEGER NOT NULL, -- unix time, ms
    status INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    PRIMARY KEY (writer, number)
) STRICT, WITHOUT ROWID;
