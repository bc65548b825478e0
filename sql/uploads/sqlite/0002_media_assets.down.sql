-- Loses data: the register of all media. The files themselves stay where they are.
DROP TABLE media_assets;
