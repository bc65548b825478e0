-- What was said (P190).
--
-- space_id and user_id name rows of the world and identity plugins: plain columns, because chat works without either
-- and a message must not be refused for a row that another plugin has not written yet. The name is kept with the
-- message, so it stays readable when the user is gone.
CREATE TABLE chat_messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    space_id uuid NOT NULL,
    user_id uuid,
    username varchar(100),
    message text NOT NULL,
    message_type varchar(20) NOT NULL DEFAULT 'text',
    attachment_url text,
    attachment_type varchar(50),
    attachment_size_bytes bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    is_flagged boolean NOT NULL DEFAULT false,
    flagged_reason text,
    moderated_by uuid
);

CREATE INDEX idx_chat_space ON chat_messages (space_id);
CREATE INDEX idx_chat_user ON chat_messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idx_chat_created ON chat_messages (created_at DESC);
-- The history of a space, newest first, without what was deleted (P191).
CREATE INDEX idx_chat_not_deleted ON chat_messages (space_id, created_at DESC) WHERE deleted_at IS NULL;
