-- Loses data: all events, in all parts.
DROP FUNCTION events_drop_partitions(interval);
DROP FUNCTION events_make_partitions(integer);
DROP TABLE events;
