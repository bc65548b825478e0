-- Pictures, avatars, attachments and previews (P241). Times are milliseconds since 1970 UTC.
-- uploaded_by, space_id, object_id and message_id name rows (by their id) of other plugins: plain columns.
CREATE TABLE media_assets (
    id TEXT NOT NULL PRIMARY KEY,
    asset_type TEXT NOT NULL CHECK (length(asset_type) <= 50),
    r2_key TEXT NOT NULL CHECK (length(r2_key) <= 500),
    public_url TEXT NOT NULL,
    cdn_url TEXT,
    filename TEXT CHECK (length(filename) <= 255),
    mime_type TEXT CHECK (length(mime_type) <= 100),
    size_bytes INTEGER,
    width INTEGER,
    height INTEGER,
    duration_seconds REAL,
    uploaded_by TEXT,
    space_id TEXT,
    object_id TEXT,
    message_id TEXT,
    processing_status TEXT NOT NULL DEFAULT 'complete' CHECK (length(processing_status) <= 50),
    thumbnails TEXT CHECK (json_valid(thumbnails)),
    metadata TEXT DEFAULT '{}' CHECK (json_valid(metadata)),
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    expires_at INTEGER,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_media_type ON media_assets (asset_type);
CREATE INDEX idx_media_user ON media_assets (uploaded_by);
CREATE INDEX idx_media_space ON media_assets (space_id);
-- What expires is found without a look at what stays (P249).
CREATE INDEX idx_media_expires ON media_assets (expires_at) WHERE expires_at IS NOT NULL;
