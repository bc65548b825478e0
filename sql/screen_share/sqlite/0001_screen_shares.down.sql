-- Loses data: who shared what with whom.
DROP TABLE screen_shares;
