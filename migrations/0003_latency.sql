-- How finely a channel's media is cut.

-- `standard`: parts of half a second; `low`: of a fifth, or of a quarter where the frame rate asks for it.
ALTER TABLE channels ADD COLUMN latency TEXT NOT NULL DEFAULT 'standard'
    CHECK (latency IN ('standard', 'low'));
