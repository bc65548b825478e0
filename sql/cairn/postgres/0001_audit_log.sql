-- Who changed which row, from what to what (P280).
--
-- The engine writes these rows itself, together with the change and with the player who made it. Other writers (psql,
-- scripts) are seen by the trigger below, on the tables that the source gives one. The id grows, so it gives the order
-- also of changes within one transaction, which all have the same time. user_id is text and not uuid: an audited change
-- may come from a job or a console, and must not fail for that.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name varchar(63) NOT NULL,
    operation varchar(10) NOT NULL CHECK (operation ~ '^(INSERT|UPDATE|DELETE)$'),
    user_id text COLLATE "C",
    old_data jsonb,
    new_data jsonb,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_audit_table ON audit_log (table_name, changed_at);
CREATE INDEX idx_audit_user ON audit_log (user_id, changed_at) WHERE user_id IS NOT NULL;
-- What is too old is found by its time alone.
CREATE INDEX idx_audit_changed ON audit_log (changed_at);

-- Who it was is told by the setting app.current_user_id of the session; without it, by the role of the database. The
-- engine sets app.cairn_engine for its transactions, because it has written the row already.
--
-- SECURITY DEFINER and the fixed search_path: whoever may change an audited table is audited also when he has no rights
-- to audit_log, and cannot lead the row to a table of his own.
CREATE FUNCTION audit_trigger() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF current_setting('app.cairn_engine', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_log (table_name, operation, user_id, old_data, new_data)
    VALUES (TG_TABLE_NAME, TG_OP,
            coalesce(nullif(current_setting('app.current_user_id', true), ''), 'role ' || session_user),
            CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
            CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END
$$;

-- The tables belong to plugins. Whichever comes last, this file or the plugin's, puts the trigger on.
DO $$
DECLARE
    audited text;
BEGIN
    FOREACH audited IN ARRAY ARRAY['world_objects', 'uploaded_models'] LOOP
        IF to_regclass(audited) IS NOT NULL THEN
            EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW '
                           'EXECUTE FUNCTION audit_trigger()', 'audit_' || audited, audited);
        END IF;
    END LOOP;
END
$$;
