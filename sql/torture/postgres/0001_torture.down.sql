-- Loses everything that a run has written.
DROP TABLE torture_places;
DROP TABLE torture_messages;
DROP TABLE torture_ledger;
DROP TABLE torture_purses;
DROP TABLE torture_items;
