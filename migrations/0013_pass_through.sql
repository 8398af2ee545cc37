-- Whether viewers of the best rung get the source's own pictures wherever those are fit for it, in place of pictures that
-- are encoded anew. 0 or 1.
ALTER TABLE channels ADD COLUMN pass_through INTEGER NOT NULL DEFAULT 0 CHECK (pass_through IN (0, 1));
