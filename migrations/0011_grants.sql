-- Who sees which channels.

-- 1: sees the channels of `grants` alone; 0: all. Administrators see all in any case.
ALTER TABLE users ADD COLUMN limited INTEGER NOT NULL DEFAULT 0 CHECK (limited IN (0, 1));

-- What those see who are limited.
CREATE TABLE grants (
    -- Who.
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Sees this channel, whatever it is called.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_of_channel ON grants (channel_id);
