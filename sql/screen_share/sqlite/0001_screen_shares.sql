-- Screens and videos that somebody showed in a space (P200). Times are milliseconds since 1970 UTC.
-- space_id and user_id name rows of the world and identity plugins: plain columns.
CREATE TABLE screen_shares (
    id TEXT NOT NULL PRIMARY KEY,
    space_id TEXT,
    user_id TEXT,
    started_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    ended_at INTEGER,
    duration_seconds INTEGER,
    share_type TEXT CHECK (length(share_type) <= 50),
    video_url TEXT,
    video_filename TEXT CHECK (length(video_filename) <= 255),
    viewer_count INTEGER NOT NULL DEFAULT 0,
    peak_viewers INTEGER NOT NULL DEFAULT 0,
    total_view_seconds INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_shares_space ON screen_shares (space_id);
CREATE INDEX idx_shares_user ON screen_shares (user_id);
-- Those that are on now, of a space.
CREATE INDEX idx_shares_active ON screen_shares (space_id) WHERE ended_at IS NULL;
