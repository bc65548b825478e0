-- What happened (P261), in one part a month. space_id, user_id and session_id name rows of other plugins: plain columns.
--
-- A unique key of a table in parts must hold what it is parted by, hence (id, created_at). The default part takes what no
-- month takes: an insert is never refused for a part that nobody has made.
CREATE TABLE events (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    event_type varchar(100) NOT NULL,
    space_id uuid,
    user_id uuid,
    session_id uuid,
    payload jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    duration_ms bigint,
    error_message text,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_events_type ON events (event_type);
CREATE INDEX idx_events_space ON events (space_id);
CREATE INDEX idx_events_user ON events (user_id);
CREATE INDEX idx_events_created ON events (created_at DESC);

CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Makes the parts of this month and of `months_ahead` more (months of UTC), and returns how many it made. What has
-- already gone to the default part for such a month is moved. Run it at least once a month; twice does no harm.
CREATE FUNCTION events_make_partitions(months_ahead integer DEFAULT 3) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    first_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    begins timestamptz;
    ends timestamptz;
    part text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cairn events_make_partitions'));
    FOR month IN 0..greatest(months_ahead, 0) LOOP
        begins := (first_month + make_interval(months => month)) AT TIME ZONE 'UTC';
        ends := (first_month + make_interval(months => month + 1)) AT TIME ZONE 'UTC';
        part := 'events_' || to_char(begins AT TIME ZONE 'UTC', 'YYYY_MM');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        -- Writers wait until the part is there, or they would still put rows of this month into the default part.
        LOCK TABLE ONLY events IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS)', part);
        EXECUTE format('WITH moved AS (DELETE FROM events_default WHERE created_at >= %L AND created_at < %L RETURNING *) '
                       'INSERT INTO %I SELECT * FROM moved', begins, ends, part);
        EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, begins, ends);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the parts in which everything is older than `keep`, and deletes what is older from the default part (P266).
-- Returns how many parts it dropped.
CREATE FUNCTION events_drop_partitions(keep interval DEFAULT '30 days') RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    part text;
    ends timestamptz;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cairn events_make_partitions'));
    FOR part IN
        SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = 'events'::regclass AND child.relname ~ '^events_[0-9]{4}_[0-9]{2}$'
        ORDER BY child.relname
    LOOP
        ends := (make_date(substr(part, 8, 4)::integer, substr(part, 13, 2)::integer, 1) + interval '1 month')
                AT TIME ZONE 'UTC';
        CONTINUE WHEN ends > now() - keep;
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM events_default WHERE created_at < now() - keep;
    RETURN dropped;
END
$$;

SELECT events_make_partitions();
