-- What was said (P190).
--
-- space_id and user_id name rows of the world and identity plugins: plain columns, because chat works without either
-- and a message must not be refused for a row that another plugin has not written yet. The name is kept with the
-- message, so it stays readable when the user is gone.
-- A table with a rowid, unlike the others: messages are long and only ever appended, and by rowid they lie in that order.
CREATE TABLE chat_messages (
    id TEXT NOT NULL PRIMARY KEY,
    space_id TEXT NOT NULL,
    user_id TEXT,
    username TEXT CHECK (length(username) <= 100),
    message TEXT NOT NULL,
    message_type TEXT NOT NULL DEFAULT 'text' CHECK (length(message_type) <= 20),
    attachment_url TEXT,
    attachment_type TEXT CHECK (length(attachment_type) <= 50),
    attachment_size_bytes INTEGER,
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    edited_at INTEGER,
    deleted_at INTEGER,
    is_flagged INTEGER NOT NULL DEFAULT 0 CHECK (is_flagged IN (0, 1)),
    flagged_reason TEXT,
    moderated_by TEXT
) STRICT;

CREATE INDEX idx_chat_space ON chat_messages (space_id);
CREATE INDEX idx_chat_user ON chat_messages (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idx_chat_created ON chat_messages (created_at DESC);
-- The history of a space, newest first, without what was deleted (P191).
CREATE INDEX idx_chat_not_deleted ON chat_messages (space_id, created_at DESC) WHERE deleted_at IS NULL;
