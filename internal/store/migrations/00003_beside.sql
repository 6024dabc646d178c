-- +goose Up
-- What several sources left stands together: clusters read no more.
CREATE TABLE traced_anew (
  shared  INTEGER NOT NULL, -- 1: by two sources or more
  trace   INTEGER NOT NULL,
  part    INTEGER NOT NULL,
  members BLOB    NOT NULL, -- sources, sessions and when these were opened, packed (traces.go)
  PRIMARY KEY (shared, trace, part)
) WITHOUT ROWID;
INSERT INTO traced_anew SELECT CASE WHEN sources >= 2 THEN 1 ELSE 0 END, trace, part, members FROM traced JOIN traces ON traces.key = traced.trace;
DROP TABLE traced;
ALTER TABLE traced_anew RENAME TO traced;

-- The addresses of sources once more, 256 in a row, for who needs many (addresses.go).
CREATE TABLE addresses (
  block INTEGER PRIMARY KEY,
  addrs BLOB NOT NULL
);

-- What is known of a day that is over, packed: it saves reading its hours and rows
-- (days.go). Without a row they are read; a row goes when its day changes.
CREATE TABLE days (
  day    INTEGER NOT NULL,
  what   INTEGER NOT NULL,
  digest BLOB    NOT NULL,
  PRIMARY KEY (day, what)
);

-- +goose Down
DROP TABLE days;
DROP TABLE addresses;
CREATE TABLE traced_before (
  trace   INTEGER NOT NULL,
  part    INTEGER NOT NULL,
  members BLOB    NOT NULL,
  PRIMARY KEY (trace, part)
) WITHOUT ROWID;
INSERT INTO traced_before SELECT trace, part, members FROM traced;
DROP TABLE traced;
ALTER TABLE traced_before RENAME TO traced;
