-- What a channel shows while it has no source.

-- Below the channel's name; empty for nothing.
ALTER TABLE channels ADD COLUMN slate_text TEXT NOT NULL DEFAULT 'NO SOURCE' CHECK (length(slate_text) <= 60);

-- Milliseconds from the last picture of the source to the slate.
ALTER TABLE channels ADD COLUMN slate_after_ms INTEGER NOT NULL DEFAULT 500 CHECK (slate_after_ms BETWEEN 0 AND 600000);

-- Milliseconds of steady pictures after which the source is shown again.
ALTER TABLE channels ADD COLUMN slate_back_after_ms INTEGER NOT NULL DEFAULT 0
    CHECK (slate_back_after_ms BETWEEN 0 AND 600000);

-- 1: a tone sounds while the source brings no sound; 0: silence.
ALTER TABLE channels ADD COLUMN slate_tone INTEGER NOT NULL DEFAULT 0 CHECK (slate_tone IN (0, 1));
