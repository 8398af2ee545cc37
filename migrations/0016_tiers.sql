-- Which deliveries the watch page plays, and in which order.

-- Names of tiers, parted by commas, the first choice first; empty for all, best first.
ALTER TABLE playback ADD COLUMN tiers TEXT NOT NULL DEFAULT '' CHECK (length(tiers) <= 40);
