-- Sessions: who was in which space, when and from where (P161).
--
-- A session goes with its space. The check waits for the end of the transaction because a batch holds the rows of a
-- table together, so a session may come before its space. user_id belongs to the identity plugin: a plain column.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    space_id TEXT REFERENCES spaces (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    socket_id TEXT NOT NULL UNIQUE CHECK (length(socket_id) <= 255),
    ip_address TEXT,
    user_agent TEXT,
    connected_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    disconnected_at INTEGER,
    duration_seconds INTEGER,
    position TEXT CHECK (json_valid(position)),
    rotation TEXT CHECK (json_valid(rotation)),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_sessions_user ON sessions (user_id);
CREATE INDEX idx_sessions_space ON sessions (space_id);
-- Few sessions are active, so only those are in these two.
CREATE INDEX idx_sessions_active ON sessions (is_active) WHERE is_active = 1;
CREATE INDEX idx_sessions_active_space ON sessions (space_id) WHERE is_active = 1;
