-- What `cairn torture` keeps while it kills and restarts. `lane` is one of the pairs of players it pretends to have.
CREATE TABLE torture_items (
    id TEXT NOT NULL PRIMARY KEY,
    lane INTEGER NOT NULL,
    owner INTEGER NOT NULL CHECK (owner IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE torture_purses (
    id TEXT NOT NULL PRIMARY KEY,
    lane INTEGER NOT NULL,
    side INTEGER NOT NULL,
    gold INTEGER NOT NULL CHECK (gold >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE torture_ledger (
    operation INTEGER NOT NULL PRIMARY KEY,
    lane INTEGER NOT NULL,
    gold INTEGER NOT NULL
) STRICT;

CREATE TABLE torture_messages (
    lane INTEGER NOT NULL,
    number INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    PRIMARY KEY (lane, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE torture_places (
    lane INTEGER NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
