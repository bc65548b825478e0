-- Objects placed in spaces (P162).
--
-- Clients may choose object_id, therefore it is unique within its space: otherwise one room could take the ids of
-- another. The table is stored in the order of (space_id, object_id), so that opening a space reads one run of pages.
-- model_id, created_by and updated_by name rows of other plugins: plain columns.
CREATE TABLE world_objects (
    id TEXT NOT NULL UNIQUE,
    object_id TEXT NOT NULL CHECK (length(object_id) BETWEEN 1 AND 255),
    space_id TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT CHECK (length(name) <= 255),
    type TEXT CHECK (length(type) <= 50),
    position TEXT NOT NULL CHECK (json_valid(position)),
    rotation TEXT NOT NULL CHECK (json_valid(rotation)),
    scale TEXT NOT NULL CHECK (json_valid(scale)),
    model_id TEXT,
    model_url TEXT,
    created_by TEXT,
    created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    updated_by TEXT,
    updated_at INTEGER DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    properties TEXT DEFAULT '{}' CHECK (json_valid(properties)),
    physics TEXT DEFAULT '{"static":true}' CHECK (json_valid(physics)),
    visibility INTEGER NOT NULL DEFAULT 1 CHECK (visibility IN (0, 1)),
    locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
    interaction_count INTEGER NOT NULL DEFAULT 0,
    last_interacted_at INTEGER,
    PRIMARY KEY (space_id, object_id)
) STRICT, WITHOUT ROWID;

-- The primary key is the index on space_id.
CREATE INDEX idx_objects_model ON world_objects (model_id) WHERE model_id IS NOT NULL;
CREATE INDEX idx_objects_created_by ON world_objects (created_by);
-- Nearly all objects are visible, and those of a space are found by the primary key; so only the hidden ones are listed.
CREATE INDEX idx_objects_visibility ON world_objects (space_id) WHERE visibility = 0;
