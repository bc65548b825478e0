-- Models that people uploaded (P240): where the file lies, what is in it, how it is used.
--
-- r2_key is the name of the file in whatever keeps files. uploaded_by and space_id name rows of other plugins.
CREATE TABLE uploaded_models (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    model_id varchar(255) COLLATE "C" NOT NULL UNIQUE CHECK (model_id <> ''),
    name varchar(255) NOT NULL,
    original_filename varchar(255),
    r2_key varchar(500) NOT NULL,
    public_url text NOT NULL,
    mobile_url text,
    thumbnail_url text,
    file_size_bytes bigint,
    format varchar(10),
    mime_type varchar(100),
    validation_status varchar(50) NOT NULL DEFAULT 'pending',
    validation_details jsonb,
    processing_status varchar(50) NOT NULL DEFAULT 'pending',
    processed_at timestamptz,
    model_metadata jsonb DEFAULT '{}',
    bounding_box jsonb,
    uploaded_by uuid,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    space_id uuid,
    is_public boolean NOT NULL DEFAULT false,
    tags text[],
    usage_count bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz,
    total_bandwidth_bytes bigint NOT NULL DEFAULT 0
);

CREATE INDEX idx_models_uploaded_by ON uploaded_models (uploaded_by);
CREATE INDEX idx_models_space ON uploaded_models (space_id);
CREATE INDEX idx_models_public ON uploaded_models (is_public);
CREATE INDEX idx_models_tags ON uploaded_models USING gin (tags);

-- Changes by hand are audited (P280) where sql/cairn has been applied before; it does the same when it comes after this.
DO $$
BEGIN
    IF to_regprocedure('audit_trigger()') IS NOT NULL THEN
        CREATE TRIGGER audit_uploaded_models AFTER INSERT OR UPDATE OR DELETE ON uploaded_models
            FOR EACH ROW EXECUTE FUNCTION audit_trigger();
    END IF;
END
$$;
