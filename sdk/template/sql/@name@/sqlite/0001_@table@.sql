-- How often somebody has waved in a space.
CREATE TABLE @table@ (
    space TEXT NOT NULL,
    player TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 0),
    PRIMARY KEY (space, player)
) STRICT, WITHOUT ROWID;
