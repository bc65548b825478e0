-- Loses data: everything known about visitors.
DROP TABLE visitor_tracking;
