-- Who changed which row, from what to what (P280). The engine writes these rows together with the change; statements that
-- people run by hand are not seen here (on PostgreSQL a trigger sees them).
--
-- The id grows, so it gives the order also of changes within one millisecond, and a gap would show.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL CHECK (length(table_name) <= 63),
    operation TEXT NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    user_id TEXT,
    old_data TEXT CHECK (json_valid(old_data)),
    new_data TEXT CHECK (json_valid(new_data)),
    changed_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
) STRICT;

CREATE INDEX idx_audit_table ON audit_log (table_name, changed_at);
CREATE INDEX idx_audit_user ON audit_log (user_id, changed_at) WHERE user_id IS NOT NULL;
-- What is too old is found by its time alone.
CREATE INDEX idx_audit_changed ON audit_log (changed_at);
