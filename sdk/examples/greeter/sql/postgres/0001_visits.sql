CREATE TABLE greeter_visits (
    space  text COLLATE "C" NOT NULL,
    player text COLLATE "C" NOT NULL,
    visits bigint NOT NULL,
    PRIMARY KEY (space, player)
);
