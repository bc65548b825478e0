-- Loses data: who was where, and when.
DROP TABLE sessions;
