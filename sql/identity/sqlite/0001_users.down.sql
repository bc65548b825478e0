-- Loses data: all users, with what they have set and what they may do.
DROP TABLE users;
