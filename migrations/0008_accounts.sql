-- People who may manage the box.
CREATE TABLE users (
    -- Identity.
    id INTEGER NOT NULL PRIMARY KEY,
    -- As they sign in; upper and lower case are the same.
    name TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 60),
    -- `administrator`, `operator` or `viewer`.
    role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'viewer')),
    -- Argon2id in the PHC string form.
    password TEXT NOT NULL CHECK (length(password) BETWEEN 60 AND 300),
    -- House time, milliseconds since the epoch.
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Who is signed in.
CREATE TABLE sessions (
    -- SHA-256 of the token in the browser's cookie.
    token_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(token_sha256) = 32),
    -- Whose it is.
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- House time of the sign-in, milliseconds since the epoch.
    created_at_ms INTEGER NOT NULL,
    -- The same of the newest call, to the minute.
    seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
