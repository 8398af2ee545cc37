-- How the machine was: figures of its health, each minute for a day and each ten minutes for thirty days.

-- One row for each thing that is measured.
CREATE TABLE metrics (
    -- Identity.
    id INTEGER PRIMARY KEY,
    -- Such as `net.eth0.sent`.
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each metric and stretch of time.
CREATE TABLE measures (
    -- Which.
    metric INTEGER NOT NULL REFERENCES metrics (id),
    -- Length of the stretch, in seconds.
    span_secs INTEGER NOT NULL CHECK (span_secs IN (60, 600)),
    -- House time at its beginning, seconds since the epoch; a multiple of its length.
    at_secs INTEGER NOT NULL CHECK (at_secs % span_secs = 0),
    -- The average over it, in the metric's own unit.
    mean REAL NOT NULL,
    -- The most in it.
    most REAL NOT NULL,
    PRIMARY KEY (metric, span_secs, at_secs)
) STRICT, WITHOUT ROWID;
