-- Loses data: the whole audit trail. CASCADE takes the triggers of the audited tables along.
DROP FUNCTION audit_trigger() CASCADE;
DROP TABLE audit_log;
