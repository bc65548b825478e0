-- Screens and videos that somebody showed in a space (P200).
-- space_id and user_id name rows of the world and identity plugins: plain columns.
CREATE TABLE screen_shares (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    space_id uuid,
    user_id uuid,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    duration_seconds bigint,
    share_type varchar(50),
    video_url text,
    video_filename varchar(255),
    viewer_count integer NOT NULL DEFAULT 0,
    peak_viewers integer NOT NULL DEFAULT 0,
    total_view_seconds bigint NOT NULL DEFAULT 0
);

CREATE INDEX idx_shares_space ON screen_shares (space_id);
CREATE INDEX idx_shares_user ON screen_shares (user_id);
-- Those that are on now, of a space.
CREATE INDEX idx_shares_active ON screen_shares (space_id) WHERE ended_at IS NULL;
