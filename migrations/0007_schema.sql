-- The whole schema. Until the first release it is edited in place under another number; a database with another one is
-- refused with a sentence. Afterwards a change is a new file.
--
-- Whatever decides is inside a checksum (CRC-32; src/server/store/sums.rs has the form):
--   state, board, cell, value, series, tail, reply   `sum`, over all other columns of the row
--   journal, chunk, node                             the last four bytes of the blob, over the blob and the row's key
-- That no row is missing, is there twice or is an older one: `state.census` counts the rows of board, cell, series, tail,
-- journal and reply and adds up their checksums; a cell names its value by version and length; a series says how many
-- chunks it has. Nodes are made again from the chunks.

-- One row about the file as a whole, written by every commit.
CREATE TABLE state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    -- new whenever history may have been rolled back: event numbers of different epochs cannot be compared
    epoch   TEXT NOT NULL,
    -- how the last run was started ('full', 'normal'), or 'ended' when it ended well
    session TEXT NOT NULL,
    -- random, of the process that may write: every commit looks whether it is still its own
    owner   TEXT NOT NULL,
    -- how many commits there were
    commits INTEGER NOT NULL,
    -- the last number that was given to a value or to a cell's place in the order: never given out twice
    version INTEGER NOT NULL,
    -- the last key that was given to a series: never given out twice
    series  INTEGER NOT NULL,
    -- rows and sums of checksums of the tables that are counted
    census  TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- One row a board that ever held a cell.
CREATE TABLE board (
    name  TEXT PRIMARY KEY,
    -- the number of its last event; the next one is seq + 1
    seq   INTEGER NOT NULL,
    -- removals up to this number are no longer remembered: a reader that stopped before it starts from a snapshot
    floor INTEGER NOT NULL,
    sum   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A cell without its value, so that a change of the title does not rewrite a picture.
CREATE TABLE cell (
    id      TEXT PRIMARY KEY,
    board   TEXT NOT NULL,
    -- the event that changed it last
    seq     INTEGER NOT NULL,
    -- the event that brought it to its board
    entered INTEGER NOT NULL,
    -- ascending over all boards in the order of creation, the tie-break between equal places
    born    INTEGER NOT NULL,
    -- counts its changes, from 1
    rev     INTEGER NOT NULL,
    -- which value it has; no two values of the file ever have the same number
    version INTEGER NOT NULL,
    created INTEGER NOT NULL, -- unix time, ms
    updated INTEGER NOT NULL, -- unix time, ms
    -- 1: a tombstone, kept for undo and for readers who have not heard of the removal yet
    removed INTEGER NOT NULL,
    -- length of its value in `value`; NULL: it has none there
    bytes   INTEGER,
    -- all keys of the document but _id, value, board, rev and the times, as a JSON object
    doc     TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- The value of a cell that has one, as JSON text.
CREATE TABLE value (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL, -- as the cell that it belongs to
    json    TEXT NOT NULL,
    sum     INTEGER NOT NULL
) STRICT;

-- One row a series of a line cell. A row may be behind: the newest points are in the journal.
CREATE TABLE series (
    -- ascends: the series of a cell stand in this order
    key    INTEGER PRIMARY KEY,
    cell   TEXT NOT NULL,
    name   TEXT NOT NULL,
    -- how many points are in chunks: a multiple of 4096
    sealed INTEGER NOT NULL,
    -- the last of those: step, value and wall time as doubles, little-endian; empty when there is none
    last   BLOB NOT NULL,
    -- the event that brought points last
    seq    INTEGER NOT NULL,
    -- 1: belongs to no cell any more; its chunks and nodes are being deleted, then this row
    dead   INTEGER NOT NULL,
    -- the event that told of its first points
    began  INTEGER NOT NULL,
    sum    INTEGER NOT NULL
) STRICT;

-- What each commit appended, all series mixed: what is not yet in a chunk or a tail is read from here at a start.
CREATE TABLE journal (
    id     INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- 4096 points each, compressed, never changed. The key is series * 2^35 + number of the chunk.
CREATE TABLE chunk (
    key    INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

-- 512 nodes of one level of a series' pyramid; the last block of a level grows. The key is
-- (series * 2^4 + level) * 2^31 + number of the block.
CREATE TABLE node (
    key   INTEGER PRIMARY KEY,
    nodes BLOB NOT NULL
) STRICT;

-- The points after the last chunk, as they were when the journal was shortened.
CREATE TABLE tail (
    series INTEGER PRIMARY KEY,
    -- the index of the first
    start  INTEGER NOT NULL,
    points BLOB NOT NULL,
    sum    INTEGER NOT NULL
) STRICT;

-- Requests with an Idempotency-Key and what they were answered: the newest of each writer.
CREATE TABLE reply (
    writer TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- of the request's body
    hash   INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at     INTEGER NOT NULL, -- unix time, ms
    status INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    PRIMARY KEY (writer, number)
) STRICT, WITHOUT ROWID;
