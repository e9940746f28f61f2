-- Never edited once released: a change is a new file.

-- Facts about the file as a whole: 'epoch' (new whenever history may have been rolled back), 'session' (how the last run was started and whether it ended well).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a board that ever held a cell.
CREATE TABLE board (
    name  TEXT PRIMARY KEY,
    -- the number of its last event; the next one is seq + 1
    seq   INTEGER NOT NULL,
    -- removals up to this number are no longer remembered: whoever stopped reading before it starts from a snapshot
    floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A cell without its value, so that a change of the title does not rewrite a picture.
CREATE TABLE cell (
    id        TEXT PRIMARY KEY,
    board     TEXT NOT NULL,
    -- the event that changed it last
    seq       INTEGER NOT NULL,
    -- the event that brought it to its board
    entered   INTEGER NOT NULL,
    -- when it was created: ascending over all boards, the tie-break between equal places
    born      INTEGER NOT NULL,
    -- counts its changes, from 1
    rev       INTEGER NOT NULL,
    -- which value it has; no two values of the file ever have the same number
    version   INTEGER NOT NULL,
    created   INTEGER NOT NULL, -- unix time, ms
    updated   INTEGER NOT NULL, -- unix time, ms
    -- 1: removed, kept for undo and for readers who have not heard of it yet
    removed   INTEGER NOT NULL,
    -- all keys of the document but _id, value, board, rev and the times, as a JSON object
    doc       TEXT NOT NULL
) STRICT;

-- The value of a cell that has one, as JSON text.
CREATE TABLE value (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL, -- as the cell that it belongs to
    json    TEXT NOT NULL
) STRICT;
