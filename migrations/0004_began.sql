-- Whoever heard of the board last before a series began may know another one of that name.

-- The event that told of its first points; 0: it is older than this column.
ALTER TABLE series ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
