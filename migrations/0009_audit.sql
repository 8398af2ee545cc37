-- Who changed what. Rows are never edited; the oldest go when there are too many.
CREATE TABLE audit (
    -- Rises by one.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- House time, milliseconds since the epoch.
    at_ms INTEGER NOT NULL,
    -- A user's name, or in brackets who needed none.
    who TEXT NOT NULL,
    -- Address from which the call came; empty on the box itself.
    address TEXT NOT NULL,
    -- Method and path.
    call TEXT NOT NULL,
    -- HTTP status of the answer.
    status INTEGER NOT NULL,
    -- What it is about as JSON, before the call, without secrets; NULL where there was nothing.
    before TEXT,
    -- The same after the call.
    after TEXT,
    -- SHA-256 over the row before and this one.
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
