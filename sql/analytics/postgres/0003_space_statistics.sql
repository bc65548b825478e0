-- How each space is used (P262), as of the last refresh. Each table is counted by itself before the figures are put
-- together: joining the rows first would count every pair of them (C28).
--
-- The tables belong to the plugins world and chat, which may come later than this file or be missing. Therefore they are
-- looked for when the figures are counted, not now; what is not there counts as none.
CREATE FUNCTION space_statistics_now()
RETURNS TABLE (space_id uuid, name varchar(100), total_users bigint, total_objects bigint, total_messages bigint,
               last_activity timestamptz)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    users_of text := 'SELECT NULL::uuid AS space_id, 0::bigint AS n, NULL::timestamptz AS last_at WHERE false';
    objects_of text := 'SELECT NULL::uuid AS space_id, 0::bigint AS n WHERE false';
    messages_of text := objects_of;
BEGIN
    IF to_regclass('spaces') IS NULL THEN
        RETURN;
    END IF;
    IF to_regclass('sessions') IS NOT NULL THEN
        users_of := 'SELECT space_id, count(DISTINCT user_id) AS n, max(connected_at) AS last_at FROM sessions GROUP BY 1';
    END IF;
    IF to_regclass('world_objects') IS NOT NULL THEN
        objects_of := 'SELECT space_id, count(*) AS n FROM world_objects GROUP BY 1';
    END IF;
    IF to_regclass('chat_messages') IS NOT NULL THEN
        messages_of := 'SELECT space_id, count(*) AS n FROM chat_messages GROUP BY 1';
    END IF;
    RETURN QUERY EXECUTE
        'SELECT s.id, s.name, coalesce(u.n, 0), coalesce(o.n, 0), coalesce(m.n, 0), u.last_at FROM spaces s '
        'LEFT JOIN (' || users_of || ') u ON u.space_id = s.id '
        'LEFT JOIN (' || objects_of || ') o ON o.space_id = s.id '
        'LEFT JOIN (' || messages_of || ') m ON m.space_id = s.id';
END
$$;

CREATE MATERIALIZED VIEW space_statistics AS SELECT * FROM space_statistics_now();

-- Unique, because only then can it be refreshed while others read it.
CREATE UNIQUE INDEX idx_space_stats ON space_statistics (space_id);

-- Counts all materialised views of this schema anew, and returns how many (P263). Whoever reads meanwhile sees the old
-- figures. A view without a unique index cannot be refreshed beside readers, so it is locked for that time.
CREATE FUNCTION refresh_all_materialized_views() RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    found record;
    refreshed integer := 0;
BEGIN
    FOR found IN
        SELECT c.oid::regclass AS view,
               c.relispopulated AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                                            AND i.indpred IS NULL AND i.indexprs IS NULL) AS beside_readers
        FROM pg_class c
        WHERE c.relkind = 'm' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        ORDER BY c.relname
    LOOP
        EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', CASE WHEN found.beside_readers THEN 'CONCURRENTLY' END, found.view);
        refreshed := refreshed + 1;
    END LOOP;
    RETURN refreshed;
END
$$;
