-- The numbers of line cells.

-- One row a series. A row may be behind: the newest points are in the journal.
CREATE TABLE series (
    -- ascends: the series of a cell stand in this order
    key    INTEGER PRIMARY KEY,
    cell   TEXT NOT NULL,
    name   TEXT NOT NULL,
    -- how many points are in chunks: a multiple of 4096
    sealed INTEGER NOT NULL,
    -- the event that brought points last
    seq    INTEGER NOT NULL,
    -- 1: belongs to nobody any more; its chunks and nodes are being deleted, then this row
    dead   INTEGER NOT NULL
) STRICT;

-- What each commit appended, all series mixed: what is not yet in a chunk or a tail is read from here at start-up.
CREATE TABLE journal (
    id     INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- 4096 points each, compressed, never changed. The key is series * 2^35 + number of the chunk.
CREATE TABLE chunk (
    key    INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- 512 nodes of one level of a series' pyramid; the last block of a level grows. The key is (series * 2^4 + level) * 2^31 + number of the block.
CREATE TABLE node (
    key   INTEGER PRIMARY KEY,
    nodes BLOB NOT NULL
) STRICT;

-- The points after the last chunk, as they were when the journal was shortened.
CREATE TABLE tail (
    series INTEGER PRIMARY KEY,
    -- the index of the first
    start  INTEGER NOT NULL,
    points BLOB NOT NULL
) STRICT;

-- Requests with an Idempotency-Key and what they were answered: the newest of each writer.
CREATE TABLE reply (
    writer TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- of the request's body
    hash   INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at     INTEGER NOT NULL, -- unix time, ms
    PRIMARY KEY (writer, number)
) STRICT, WITHOUT ROWID;
