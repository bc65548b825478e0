CREATE TABLE greeter_visits (
    space  TEXT NOT NULL,
    player TEXT NOT NULL,
    visits INTEGER NOT NULL,
    PRIMARY KEY (space, player)
) WITHOUT ROWID;
