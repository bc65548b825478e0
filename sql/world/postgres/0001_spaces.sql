-- Spaces: one row per room (P160).
--
-- owner_id names a row of `users`, which the identity plugin owns. There is no foreign key: a world without that plugin,
-- or an owner who has not been written yet, must not keep a space from being saved.
CREATE TABLE spaces (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    owner_id uuid,
    settings jsonb DEFAULT '{}',
    is_public boolean NOT NULL DEFAULT true,
    max_users integer NOT NULL DEFAULT 100,
    visitor_count bigint NOT NULL DEFAULT 0,
    total_runtime_seconds bigint NOT NULL DEFAULT 0,
    last_active_at timestamptz DEFAULT now()
);

-- UNIQUE has made the index on name already.
CREATE INDEX idx_spaces_public ON spaces (is_public);
