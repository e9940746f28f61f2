-- Every change can have an Idempotency-Key, not only new points.

-- The status that came with the answer; until now only new points had one, and it was 201.
ALTER TABLE reply ADD COLUMN status INTEGER NOT NULL DEFAULT 201;
