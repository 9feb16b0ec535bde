CREATE TABLE IF NOT EXISTS messages (
    room TEXT, seq INTEGER, id TEXT UNIQUE, at REAL, "by" TEXT, kind TEXT, text TEXT, cid TEXT,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID
