-- How far back viewers of a channel may seek.

-- Seconds; 0: not beyond the live window. The daemon knows the bounds that it offers.
ALTER TABLE channels ADD COLUMN dvr_secs INTEGER NOT NULL DEFAULT 0 CHECK (dvr_secs BETWEEN 0 AND 604800);
