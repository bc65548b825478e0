-- Users, guests among them (P180). Several rows may have no username and no e-mail address: NULL is equal to nothing.
-- custom_avatar_model_id names a row of the uploads plugin: a plain column, so that a user can be saved without it.
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    username varchar(50) UNIQUE CHECK (username <> ''),
    display_name varchar(100),
    email varchar(255) UNIQUE,
    avatar_url text,
    custom_avatar_model_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz DEFAULT now(),
    total_time_seconds bigint NOT NULL DEFAULT 0,
    preferences jsonb DEFAULT '{}',
    stats jsonb DEFAULT '{"objects_created": 0, "messages_sent": 0, "screens_shared": 0, "models_uploaded": 0}',
    auth_provider varchar(50),
    auth_id varchar(255),
    is_active boolean NOT NULL DEFAULT true,
    is_admin boolean NOT NULL DEFAULT false
);

-- UNIQUE has made the indexes on username and email already.
CREATE INDEX idx_users_last_seen ON users (last_seen_at);
