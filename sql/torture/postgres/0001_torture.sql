-- What `cairn torture` keeps while it kills and restarts. `lane` is one of the pairs of players it pretends to have.
CREATE TABLE torture_items (
    id text NOT NULL PRIMARY KEY,
    lane bigint NOT NULL,
    owner bigint NOT NULL CHECK (owner IN (0, 1))
);

CREATE TABLE torture_purses (
    id text NOT NULL PRIMARY KEY,
    lane bigint NOT NULL,
    side bigint NOT NULL,
    gold bigint NOT NULL CHECK (gold >= 0)
);

CREATE TABLE torture_ledger (
    operation bigint NOT NULL PRIMARY KEY,
    lane bigint NOT NULL,
    gold bigint NOT NULL
);

CREATE TABLE torture_messages (
    lane bigint NOT NULL,
    number bigint NOT NULL,
    operation bigint NOT NULL,
    PRIMARY KEY (lane, number)
);

CREATE TABLE torture_places (
    lane bigint NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
