-- Sessions: who was in which space, when and from where (P161).
--
-- A session goes with its space. The check waits for the end of the transaction because a batch holds the rows of a
-- table together, so a session may come before its space. user_id belongs to the identity plugin: a plain column.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid,
    space_id uuid REFERENCES spaces (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    socket_id varchar(255) COLLATE "C" NOT NULL UNIQUE,
    ip_address inet,
    user_agent text,
    connected_at timestamptz NOT NULL DEFAULT now(),
    disconnected_at timestamptz,
    duration_seconds bigint,
    position jsonb,
    rotation jsonb,
    is_active boolean NOT NULL DEFAULT true
);

CREATE INDEX idx_sessions_user ON sessions (user_id);
CREATE INDEX idx_sessions_space ON sessions (space_id);
-- Few sessions are active, so only those are in these two.
CREATE INDEX idx_sessions_active ON sessions (is_active) WHERE is_active;
CREATE INDEX idx_sessions_active_space ON sessions (space_id) WHERE is_active;
