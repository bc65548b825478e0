-- What happened (P261). Times are milliseconds since 1970 UTC. space_id, user_id and session_id name rows of other plugins.
--
-- PostgreSQL keeps this table in parts, one a month, and a key there must hold the time; the key is the same here. It
-- begins with the time, so the rows lie in the order in which they came, and what is too old is one run of pages.
CREATE TABLE events (
    id TEXT NOT NULL,
    event_type TEXT NOT NULL CHECK (length(event_type) <= 100),
    space_id TEXT,
    user_id TEXT,
    session_id TEXT,
    payload TEXT DEFAULT '{}' CHECK (json_valid(payload)),
    metadata TEXT DEFAULT '{}' CHECK (json_valid(metadata)),
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    duration_ms INTEGER,
    error_message TEXT,
    PRIMARY KEY (created_at, id)
) STRICT, WITHOUT ROWID;

-- The primary key is the index on created_at.
CREATE INDEX idx_events_type ON events (event_type);
CREATE INDEX idx_events_space ON events (space_id);
CREATE INDEX idx_events_user ON events (user_id);
