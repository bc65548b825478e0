#include "plugins/storage_postgres/row_level_security.hpp"

namespace cairn::storage_postgres {
namespace {

// The function reads `sessions` with the rights of its owner, so that the other role needs none on that table; and the
// setting's text is compared as text, because a setting that is no uuid must find nothing and not fail.
const char* const kOn = R"(
BEGIN;
CREATE OR REPLACE FUNCTION cairn_current_spaces() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT space_id FROM sessions
    WHERE is_active AND space_id IS NOT NULL AND user_id::text = current_setting('app.current_user_id', true)
$$;
DROP POLICY IF EXISTS cairn_current_spaces ON world_objects;
CREATE POLICY cairn_current_spaces ON world_objects
    USING (space_id IN (SELECT cairn_current_spaces()))
    WITH CHECK (space_id IN (SELECT cairn_current_spaces()));
ALTER TABLE world_objects ENABLE ROW LEVEL SECURITY
)";

const char* const kOff = R"(
BEGIN;
DROP POLICY IF EXISTS cairn_current_spaces ON world_objects;
ALTER TABLE world_objects DISABLE ROW LEVEL SECURITY;
DROP FUNCTION IF EXISTS cairn_current_spaces()
)";

}  // namespace

void set_row_level_security(Connection& connection, bool on) {
    const char* const doing = "set row-level security";
    if (connection.ask("SELECT to_regclass('world_objects') IS NOT NULL AND to_regclass('sessions') IS NOT NULL", doing) != "t")
        return;
    const bool is_on = connection.ask("SELECT count(*) FROM pg_policy WHERE polname = 'cairn_current_spaces' AND polrelid = "
                                      "to_regclass('world_objects')",
                                      doing) != "0";
    if (on == is_on) return;
    connection.run(on ? kOn : kOff, doing);
    connection.commit();
}

}  // namespace cairn::storage_postgres
