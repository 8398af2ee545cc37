-- How channels went, and when viewers' players ran dry. Of what was known of a step of time; NULL where it was not.

-- One row for each channel and step that it was on air. A day of minutes, thirty days of ten minutes.
CREATE TABLE trends (
    -- Slug of the channel.
    channel TEXT NOT NULL,
    -- Milliseconds that the row is of.
    step_ms INTEGER NOT NULL CHECK (step_ms IN (60000, 600000)),
    -- House time at which they began, milliseconds since the epoch.
    at_ms INTEGER NOT NULL,
    -- Bits per second that the source on air sent.
    source_bps INTEGER,
    -- Pictures in a hundred seconds that it sent.
    source_fps_hundredths INTEGER,
    -- Bits per second handed to viewers.
    sent_bps INTEGER,
    -- Age of the newest packaged picture, milliseconds.
    late_ms INTEGER,
    -- How long blocked playlist requests were held, milliseconds.
    hold_ms INTEGER,
    -- How many watched.
    viewers INTEGER,
    -- Of those, by LL-DASH.
    viewers_lldash INTEGER,
    -- By LL-HLS.
    viewers_llhls INTEGER,
    -- By HLS-TS.
    viewers_ts INTEGER,
    -- Latency of the viewer in the middle, milliseconds.
    latency_ms INTEGER,
    -- Of the one in the middle of those by LL-DASH.
    latency_lldash_ms INTEGER,
    -- By LL-HLS.
    latency_llhls_ms INTEGER,
    -- By HLS-TS.
    latency_ts_ms INTEGER,
    -- Times that players ran dry, all together.
    stalls INTEGER,
    -- Stages and workers that were replaced, all together.
    faults INTEGER,
    PRIMARY KEY (channel, step_ms, at_ms)
) STRICT, WITHOUT ROWID;

-- When players ran dry: one row for all of a channel and tier that did within two seconds.
CREATE TABLE stalls (
    -- Rises by one.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Slug of the channel.
    channel TEXT NOT NULL,
    -- House time at which the first of them did, milliseconds since the epoch.
    at_ms INTEGER NOT NULL,
    -- 0 LL-DASH, 1 LL-HLS, 2 HLS-TS.
    tier INTEGER NOT NULL CHECK (tier BETWEEN 0 AND 2),
    -- How many players.
    players INTEGER NOT NULL,
    -- A few characters of the session of one of them.
    session TEXT NOT NULL,
    -- How long the longest lasted so far, milliseconds; 0 where the player does not say.
    stalled_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX stalls_by_channel ON stalls (channel, at_ms);
