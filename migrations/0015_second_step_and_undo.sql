-- The second step of signing in (RFC 6238), for users who have asked for it. Readable, as stream keys are: what is compared with a
-- code must be.
CREATE TABLE totp (
    -- Whose.
    user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- What the authenticator app shares with the box.
    secret BLOB NOT NULL CHECK (length(secret) = 20),
    -- House time of the first right code, milliseconds since the epoch; none while that has not come: then nobody is asked for one.
    confirmed_at_ms INTEGER,
    -- The newest interval of which a code was taken: neither it nor an older one is taken again.
    last_step INTEGER NOT NULL DEFAULT 0 CHECK (last_step >= 0)
) STRICT;

-- What takes a code's place when the app is gone, each once.
CREATE TABLE recovery_codes (
    -- Whose.
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of 80 random bits as they are shown.
    code_sha256 BLOB NOT NULL CHECK (length(code_sha256) = 32),
    PRIMARY KEY (user_id, code_sha256)
) STRICT, WITHOUT ROWID;

-- What has been removed of late, to be put back for some minutes.
CREATE TABLE removed (
    -- Identity.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What it was.
    kind TEXT NOT NULL CHECK (kind IN ('channel', 'source', 'user', 'token', 'destination')),
    -- What it was called, for people.
    name TEXT NOT NULL,
    -- Slug of the channel that it was, or was a source of.
    channel TEXT,
    -- Whose token it was.
    owner TEXT COLLATE NOCASE,
    -- Who has removed it; none for the box's own user.
    removed_by TEXT COLLATE NOCASE,
    -- House time, milliseconds since the epoch.
    removed_at_ms INTEGER NOT NULL,
    -- Its rows, as `store/removed.rs` writes them.
    contents TEXT NOT NULL CHECK (json_valid(contents))
) STRICT;
