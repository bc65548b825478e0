-- Visitors, one row for each visitor and space (P260), and when they became users (P267).
-- space_id and registered_user_id name rows of the world and identity plugins: plain columns.
CREATE TABLE visitor_tracking (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    visitor_id varchar(255) COLLATE "C" NOT NULL,
    space_id uuid,
    ip_address inet,
    country_code varchar(2),
    city varchar(100),
    user_agent text,
    device_type varchar(20),
    browser varchar(50),
    os varchar(50),
    first_visit_at timestamptz NOT NULL DEFAULT now(),
    last_visit_at timestamptz NOT NULL DEFAULT now(),
    visit_count bigint NOT NULL DEFAULT 1,
    total_duration_seconds bigint NOT NULL DEFAULT 0,
    objects_interacted bigint NOT NULL DEFAULT 0,
    messages_sent bigint NOT NULL DEFAULT 0,
    models_uploaded bigint NOT NULL DEFAULT 0,
    registered_user_id uuid,
    converted_at timestamptz
);

CREATE INDEX idx_visitors_space ON visitor_tracking (space_id);
CREATE INDEX idx_visitors_visitor ON visitor_tracking (visitor_id);
CREATE INDEX idx_visitors_converted ON visitor_tracking (registered_user_id) WHERE registered_user_id IS NOT NULL;
