-- Pictures that channels show while they have no source, in place of text.
CREATE TABLE slate_pictures (
    -- The channel.
    channel_id INTEGER NOT NULL PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    -- What tells it from others: SHA-256 of `jpeg`, in hex.
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    -- The picture, made by the box from what was uploaded.
    jpeg BLOB NOT NULL CHECK (length(jpeg) BETWEEN 1 AND 4194304)
) STRICT;
