-- Loses nothing: the figures are counted from other tables.
DROP FUNCTION refresh_all_materialized_views();
DROP MATERIALIZED VIEW space_statistics;
DROP FUNCTION space_statistics_now();
