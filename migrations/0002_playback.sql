-- Who may watch: playback tokens and the sites whose players may load a channel.

-- One row for each channel whose playback was ever set; an absent row means open to all.
CREATE TABLE playback (
    -- The channel.
    channel_id INTEGER NOT NULL PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    -- 1: playlists, segments and parts are sent only to those who show a token.
    protected INTEGER NOT NULL
        CHECK (protected IN (0, 1)),
    -- 256 random bits with which tokens are signed. A new one voids all tokens.
    token_secret BLOB NOT NULL
        CHECK (length(token_secret) = 32)
) STRICT;

-- Sites whose players may load a channel in a browser (CORS); none means all.
CREATE TABLE playback_origins (
    -- The channel.
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    -- Scheme, host and port as browsers send them, such as `https://www.example.org`.
    origin TEXT NOT NULL
        CHECK (length(origin) BETWEEN 8 AND 200),
    PRIMARY KEY (channel_id, origin)
) STRICT, WITHOUT ROWID;
