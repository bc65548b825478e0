-- Loses data: the whole audit trail.
DROP TABLE audit_log;
