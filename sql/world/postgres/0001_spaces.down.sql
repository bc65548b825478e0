-- Loses data: all spaces. Their sessions and objects must have been taken back before (0003, 0002).
DROP TABLE spaces;
