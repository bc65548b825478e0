-- How each space is used (P262). Each figure is counted by itself, and not by joining the tables, which would count every
-- pair of rows (C28). A view: always what the tables hold, and one space costs one space.
--
-- It reads tables of the plugins world and chat; without one of them it can be made but not read. A later migration that
-- builds one of those tables anew has to say so (docs/database.md, "Rebuilding a table").
CREATE VIEW space_statistics (space_id, name, total_users, total_objects, total_messages, last_activity) AS
SELECT
    s.id,
    s.name,
    (SELECT count(DISTINCT e.user_id) FROM sessions e WHERE e.space_id = s.id),
    (SELECT count(*) FROM world_objects o WHERE o.space_id = s.id),
    (SELECT count(*) FROM chat_messages m WHERE m.space_id = s.id),
    (SELECT max(e.connected_at) FROM sessions e WHERE e.space_id = s.id)
FROM spaces s;
