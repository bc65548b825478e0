-- Objects placed in spaces (P162).
--
-- Clients may choose object_id, therefore it is unique within its space: otherwise one room could take the ids of
-- another. It is compared by bytes, as on SQLite, so that a space is paged through in the same order on both.
-- model_id, created_by and updated_by name rows of other plugins: plain columns.
--
-- A drag changes columns that are in no index; the room left in each page lets PostgreSQL keep the new row beside the old
-- one and touch no index at all.
CREATE TABLE world_objects (
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    object_id varchar(255) COLLATE "C" NOT NULL CHECK (object_id <> ''),
    space_id uuid NOT NULL REFERENCES spaces (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name varchar(255),
    type varchar(50),
    position jsonb NOT NULL,
    rotation jsonb NOT NULL,
    scale jsonb NOT NULL,
    model_id uuid,
    model_url text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid,
    updated_at timestamptz DEFAULT now(),
    properties jsonb DEFAULT '{}',
    physics jsonb DEFAULT '{"static": true}',
    visibility boolean NOT NULL DEFAULT true,
    locked boolean NOT NULL DEFAULT false,
    interaction_count bigint NOT NULL DEFAULT 0,
    last_interacted_at timestamptz,
    PRIMARY KEY (space_id, object_id)
) WITH (fillfactor = 85);

-- The primary key is the index on space_id.
CREATE INDEX idx_objects_model ON world_objects (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX idx_objects_created_by ON world_objects (created_by);
-- Nearly all objects are visible: the few hidden ones are found by the first, a space's visible ones by the second (P040).
CREATE INDEX idx_objects_visibility ON world_objects (space_id) WHERE NOT visibility;
CREATE INDEX idx_objects_space_visible ON world_objects (space_id) WHERE visibility;
CREATE INDEX idx_objects_properties ON world_objects USING gin (properties);

-- Changes by hand are audited (P280) where sql/cairn has been applied before; it does the same when it comes after this.
DO $$
BEGIN
    IF to_regprocedure('audit_trigger()') IS NOT NULL THEN
        CREATE TRIGGER audit_world_objects AFTER INSERT OR UPDATE OR DELETE ON world_objects
            FOR EACH ROW EXECUTE FUNCTION audit_trigger();
    END IF;
END
$$;
