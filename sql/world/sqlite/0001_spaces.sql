-- Spaces: one row per room (P160). Times are milliseconds since 1970 UTC; switches are 0 or 1; JSON is text that parses.
--
-- owner_id names a row of `users`, which the identity plugin owns. There is no foreign key: a world without that plugin,
-- or an owner who has not been written yet, must not keep a space from being saved.
CREATE TABLE spaces (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    updated_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    owner_id TEXT,
    settings TEXT DEFAULT '{}' CHECK (json_valid(settings)),
    is_public INTEGER NOT NULL DEFAULT 1 CHECK (is_public IN (0, 1)),
    max_users INTEGER NOT NULL DEFAULT 100,
    visitor_count INTEGER NOT NULL DEFAULT 0,
    total_runtime_seconds INTEGER NOT NULL DEFAULT 0,
    last_active_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
) STRICT, WITHOUT ROWID;

-- UNIQUE has made the index on name already.
CREATE INDEX idx_spaces_public ON spaces (is_public);
