-- Loses data: all objects of all spaces.
DROP TABLE world_objects;
