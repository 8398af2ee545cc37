-- Where alarms are sent on to.
CREATE TABLE destinations (
    -- Identity; never used again.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- As commands and addresses say it.
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 40 AND name NOT GLOB '*[^a-z0-9-]*'),
    -- How it is reached, as JSON and without secrets: a webhook, syslog or e-mail.
    via TEXT NOT NULL CHECK (json_valid(via)),
    -- Alarms below this severity are not sent.
    least TEXT NOT NULL CHECK (least IN ('minor', 'major', 'critical')),
    -- Slugs of the channels whose alarms are sent, as a JSON array; NULL: of all.
    channels TEXT CHECK (channels IS NULL OR json_valid(channels)),
    -- 1: alarms of the box as a whole are sent too.
    of_box INTEGER NOT NULL CHECK (of_box IN (0, 1)),
    -- What a webhook is signed with, or the password of a mail account; NULL without one. Never leaves the box.
    secret TEXT CHECK (length(secret) BETWEEN 1 AND 400)
) STRICT;
