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

-- What scripts call with.
CREATE TABLE api_tokens (
    -- Identity; never used again.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- On whose behalf.
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What it is for, as its owner calls it.
    name TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 60),
    -- SHA-256 of the token, which is kept nowhere.
    token_sha256 BLOB NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    -- The most that it may, if its owner may as much: `read`, `operate` or `administer`.
    scope TEXT NOT NULL CHECK (scope IN ('read', 'operate', 'administer')),
    -- 1: sees the channels of `api_token_channels` alone, of those that its owner sees; 0: all of those.
    limited INTEGER NOT NULL CHECK (limited IN (0, 1)),
    -- House time, milliseconds since the epoch.
    created_at_ms INTEGER NOT NULL,
    -- Good until then, in the same time.
    expires_at_ms INTEGER NOT NULL,
    -- The newest call, to the minute; NULL before the first.
    used_at_ms INTEGER,
    UNIQUE (user_id, name)
) STRICT;

-- What limited tokens see.
CREATE TABLE api_token_channels (
    -- Which token.
    token_id INTEGER NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    -- Sees this channel, whatever it is called.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, channel_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_channels_of_channel ON api_token_channels (channel_id);
