-- Users, guests among them (P180). Several rows may have no username and no e-mail address: NULL is equal to nothing.
-- custom_avatar_model_id names a row of the models plugin: a plain column, so that a user can be saved without it.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT UNIQUE CHECK (length(username) BETWEEN 1 AND 50),
    display_name TEXT CHECK (length(display_name) <= 100),
    email TEXT UNIQUE CHECK (length(email) <= 255),
    avatar_url TEXT,
    custom_avatar_model_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    last_seen_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    total_time_seconds INTEGER NOT NULL DEFAULT 0,
    preferences TEXT DEFAULT '{}' CHECK (json_valid(preferences)),
    stats TEXT DEFAULT '{"objects_created":0,"messages_sent":0,"screens_shared":0,"models_uploaded":0}'
        CHECK (json_valid(stats)),
    auth_provider TEXT CHECK (length(auth_provider) <= 50),
    auth_id TEXT CHECK (length(auth_id) <= 255),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    is_admin INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1))
) STRICT, WITHOUT ROWID;

-- UNIQUE has made the indexes on username and email already.
CREATE INDEX idx_users_last_seen ON users (last_seen_at);
