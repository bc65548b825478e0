-- Loses data: all counts.
DROP TABLE @table@;
