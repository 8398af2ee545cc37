-- What happened, for people. In a file of its own: it may be lost, settings may not.

-- One row for each event, oldest first.
CREATE TABLE events (
    -- Rises by one.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- House time, milliseconds since the epoch.
    at_ms INTEGER NOT NULL,
    -- Slug of the channel; NULL for the box as a whole.
    channel TEXT,
    -- Such as `source-switched`.
    kind TEXT NOT NULL,
    -- In plain words.
    what TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_channel ON events (channel, id);
