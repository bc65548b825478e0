-- Models that people uploaded (P240): where the file lies, what is in it, how it is used. Times are milliseconds since
-- 1970 UTC; switches are 0 or 1; JSON is text that parses, and tags are a JSON list of texts.
--
-- r2_key is the name of the file in whatever keeps files. uploaded_by and space_id name rows of other plugins.
CREATE TABLE uploaded_models (
    id TEXT NOT NULL PRIMARY KEY,
    model_id TEXT NOT NULL UNIQUE CHECK (length(model_id) BETWEEN 1 AND 255),
    name TEXT NOT NULL CHECK (length(name) <= 255),
    original_filename TEXT CHECK (length(original_filename) <= 255),
    r2_key TEXT NOT NULL CHECK (length(r2_key) <= 500),
    public_url TEXT NOT NULL,
    mobile_url TEXT,
    thumbnail_url TEXT,
    file_size_bytes INTEGER,
    format TEXT CHECK (length(format) <= 10),
    mime_type TEXT CHECK (length(mime_type) <= 100),
    validation_status TEXT NOT NULL DEFAULT 'pending' CHECK (length(validation_status) <= 50),
    validation_details TEXT CHECK (json_valid(validation_details)),
    processing_status TEXT NOT NULL DEFAULT 'pending' CHECK (length(processing_status) <= 50),
    processed_at INTEGER,
    model_metadata TEXT DEFAULT '{}' CHECK (json_valid(model_metadata)),
    bounding_box TEXT CHECK (json_valid(bounding_box)),
    uploaded_by TEXT,
    uploaded_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    space_id TEXT,
    is_public INTEGER NOT NULL DEFAULT 0 CHECK (is_public IN (0, 1)),
    tags TEXT CHECK (json_valid(tags) AND substr(ltrim(tags), 1, 1) = '['),
    usage_count INTEGER NOT NULL DEFAULT 0,
    last_used_at INTEGER,
    total_bandwidth_bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_models_uploaded_by ON uploaded_models (uploaded_by);
CREATE INDEX idx_models_space ON uploaded_models (space_id);
CREATE INDEX idx_models_public ON uploaded_models (is_public);
