-- How often somebody has waved in a space.
CREATE TABLE @table@ (
    space text NOT NULL,
    player text NOT NULL,
    count bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (space, player)
);
