-- Back-up sources: their keys, and when one takes over.

-- Which of the channel's sources the key is for, as in `sources.position`.
ALTER TABLE stream_keys ADD COLUMN position INTEGER NOT NULL DEFAULT 0 CHECK (position BETWEEN 0 AND 7);

-- One row for each channel whose rules were ever set; an absent row means the default. Milliseconds; NULL: no matter.
CREATE TABLE failover (
    -- The channel.
    channel_id INTEGER NOT NULL PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    -- A source without pictures has failed after this.
    loss_ms INTEGER NOT NULL CHECK (loss_ms > 0),
    -- One whose time stamps jump has failed after this.
    disorder_ms INTEGER CHECK (disorder_ms > 0),
    -- One that is black has failed after this.
    black_ms INTEGER CHECK (black_ms > 0),
    -- One whose picture stands still has failed after this.
    frozen_ms INTEGER CHECK (frozen_ms > 0),
    -- One that cannot be heard has failed after this.
    silence_ms INTEGER CHECK (silence_ms > 0),
    -- An earlier source takes over again when it has been fit for so long; NULL: only by hand.
    return_after_ms INTEGER CHECK (return_after_ms >= 0)
) STRICT;
