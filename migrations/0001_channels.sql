-- Channels with their sources, rungs and keys, and the settings of the box.
-- All that an operator edits lives here. Times are milliseconds since the Unix epoch, UTC.

-- One row for each channel.
CREATE TABLE channels (
    -- Never reused, so that a removed channel's rows cannot be taken for another's.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Its name in URLs; made from the first name, never changed.
    slug TEXT NOT NULL UNIQUE
        CHECK (length(slug) BETWEEN 1 AND 40 AND slug NOT GLOB '*[^a-z0-9-]*'),
    -- For people.
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
        CHECK (length(name) BETWEEN 1 AND 100),
    -- What the operator asked for: 1 is switched on.
    running INTEGER NOT NULL
        CHECK (running IN (0, 1)),
    -- Pixels across the canvas.
    canvas_width INTEGER NOT NULL
        CHECK (canvas_width BETWEEN 64 AND 7680 AND canvas_width % 2 = 0),
    -- Pixels down the canvas.
    canvas_height INTEGER NOT NULL
        CHECK (canvas_height BETWEEN 64 AND 4320 AND canvas_height % 2 = 0),
    -- Frames in `canvas_rate_denominator` seconds.
    canvas_rate_numerator INTEGER NOT NULL
        CHECK (canvas_rate_numerator > 0),
    -- 1, or 1001 at the rates of NTSC.
    canvas_rate_denominator INTEGER NOT NULL
        CHECK (canvas_rate_denominator IN (1, 1001)),
    -- Bits per second of the audio rendition.
    audio_bitrate_bps INTEGER NOT NULL
        CHECK (audio_bitrate_bps BETWEEN 16000 AND 512000),
    -- When it was added.
    created_at_ms INTEGER NOT NULL
        CHECK (created_at_ms >= 0)
) STRICT;

-- Where a channel's media comes from.
CREATE TABLE sources (
    -- The channel.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    -- 0 is the main source; back-ups follow in the order in which they are tried.
    position INTEGER NOT NULL
        CHECK (position BETWEEN 0 AND 7),
    -- How it arrives.
    kind TEXT NOT NULL
        CHECK (kind IN ('test-pattern', 'rtmp', 'srt')),
    PRIMARY KEY (channel_id, position)
) STRICT, WITHOUT ROWID;

-- The video rungs of a channel's ladder.
CREATE TABLE rungs (
    -- The channel.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    -- 0 is the best.
    position INTEGER NOT NULL
        CHECK (position BETWEEN 0 AND 7),
    -- Pixels across.
    width INTEGER NOT NULL
        CHECK (width BETWEEN 64 AND 7680 AND width % 2 = 0),
    -- Pixels down.
    height INTEGER NOT NULL
        CHECK (height BETWEEN 64 AND 4320 AND height % 2 = 0),
    -- Bits per second, held within a VBV of one second.
    bitrate_bps INTEGER NOT NULL
        CHECK (bitrate_bps BETWEEN 50000 AND 100000000),
    PRIMARY KEY (channel_id, position)
) STRICT, WITHOUT ROWID;

-- The secrets with which publishers reach a channel.
CREATE TABLE stream_keys (
    -- The channel.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    -- 128 random bits in hexadecimal. Kept readable, since the operator must be able to see it again.
    stream_key TEXT NOT NULL
        CHECK (length(stream_key) = 32 AND stream_key NOT GLOB '*[^0-9a-f]*'),
    -- SHA-256 of `stream_key`: what a presented key is looked up by.
    key_sha256 BLOB NOT NULL PRIMARY KEY
        CHECK (length(key_sha256) = 32),
    -- When it was made; the newest is the one shown.
    created_at_ms INTEGER NOT NULL
        CHECK (created_at_ms >= 0)
) STRICT;

CREATE INDEX stream_keys_by_channel ON stream_keys (channel_id, created_at_ms);

-- Settings of the whole box, one row each; an absent row means the default.
CREATE TABLE settings (
    -- Which, in the words of the manual, such as `box.name`.
    name TEXT NOT NULL PRIMARY KEY
        CHECK (length(name) BETWEEN 1 AND 100),
    -- As JSON.
    value TEXT NOT NULL
        CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;
