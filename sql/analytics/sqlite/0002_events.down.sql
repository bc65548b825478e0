-- Loses data: all events.
DROP TABLE events;
