-- Pictures, avatars, attachments and previews (P241).
-- uploaded_by, space_id, object_id and message_id name rows (by their id) of other plugins: plain columns.
CREATE TABLE media_assets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    asset_type varchar(50) NOT NULL,
    r2_key varchar(500) NOT NULL,
    public_url text NOT NULL,
    cdn_url text,
    filename varchar(255),
    mime_type varchar(100),
    size_bytes bigint,
    width integer,
    height integer,
    duration_seconds numeric,
    uploaded_by uuid,
    space_id uuid,
    object_id uuid,
    message_id uuid,
    processing_status varchar(50) NOT NULL DEFAULT 'complete',
    thumbnails jsonb,
    metadata jsonb DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    deleted_at timestamptz
);

CREATE INDEX idx_media_type ON media_assets (asset_type);
CREATE INDEX idx_media_user ON media_assets (uploaded_by);
CREATE INDEX idx_media_space ON media_assets (space_id);
-- What expires is found without a look at what stays (P249).
CREATE INDEX idx_media_expires ON media_assets (expires_at) WHERE expires_at IS NOT NULL;
