-- Visitors, one row for each visitor and space (P260), and when they became users (P267). Times are milliseconds since
-- 1970 UTC. space_id and registered_user_id name rows of the world and identity plugins: plain columns.
CREATE TABLE visitor_tracking (
    id TEXT NOT NULL PRIMARY KEY,
    visitor_id TEXT NOT NULL CHECK (length(visitor_id) <= 255),
    space_id TEXT,
    ip_address TEXT,
    country_code TEXT CHECK (length(country_code) <= 2),
    city TEXT CHECK (length(city) <= 100),
    user_agent TEXT,
    device_type TEXT CHECK (length(device_type) <= 20),
    browser TEXT CHECK (length(browser) <= 50),
    os TEXT CHECK (length(os) <= 50),
    first_visit_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    last_visit_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    visit_count INTEGER NOT NULL DEFAULT 1,
    total_duration_seconds INTEGER NOT NULL DEFAULT 0,
    objects_interacted INTEGER NOT NULL DEFAULT 0,
    messages_sent INTEGER NOT NULL DEFAULT 0,
    models_uploaded INTEGER NOT NULL DEFAULT 0,
    registered_user_id TEXT,
    converted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_visitors_space ON visitor_tracking (space_id);
CREATE INDEX idx_visitors_visitor ON visitor_tracking (visitor_id);
CREATE INDEX idx_visitors_converted ON visitor_tracking (registered_user_id) WHERE registered_user_id IS NOT NULL;
