-- What encodes a channel.

-- `auto`, `software`, or the name of a device; that one need not be there.
ALTER TABLE channels ADD COLUMN encoder TEXT NOT NULL DEFAULT 'auto' CHECK (length(encoder) BETWEEN 1 AND 64);
