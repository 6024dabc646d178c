-- +goose Up
-- Times are int64 nanoseconds since 1970, UTC; addresses 16 octets, IPv4 mapped.
-- What analysis says stands beside what the journal says, and is made anew by reindex.
-- The writer gives out the keys. What PostgreSQL spells otherwise: BLOB is BYTEA,
-- INTEGER is BIGINT, and WITHOUT ROWID is left out.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- Whose journals there are, and how far each was read.
CREATE TABLE origins (
  name   TEXT PRIMARY KEY, -- '': the sensor's own
  kind   TEXT    NOT NULL,
  note   TEXT    NOT NULL,
  first  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  lines  INTEGER NOT NULL,
  next   TEXT    NOT NULL, -- the cursor behind the last line taken
  resume TEXT    NOT NULL, -- the cursor before the oldest session still open
  state  TEXT    NOT NULL  -- of the files when all of them had been read; '': not yet
);

-- What many rows have in common stands once, and has a small number.
CREATE TABLE places (
  key       INTEGER PRIMARY KEY,
  origin    TEXT NOT NULL,
  sensor    TEXT NOT NULL,
  persona   TEXT NOT NULL,
  device    TEXT NOT NULL,
  service   TEXT NOT NULL,
  protocol  TEXT NOT NULL,
  transport TEXT NOT NULL
);
CREATE TABLE boots (
  key INTEGER PRIMARY KEY,
  id  TEXT NOT NULL UNIQUE
);
CREATE TABLE sources (
  key  INTEGER PRIMARY KEY,
  addr BLOB NOT NULL UNIQUE
);
CREATE TABLE networks (
  key           INTEGER PRIMARY KEY,
  country       TEXT    NOT NULL,
  asn           INTEGER NOT NULL,
  as_org        TEXT    NOT NULL,
  net_type      TEXT    NOT NULL,
  scanner       TEXT    NOT NULL,
  scanner_proof TEXT    NOT NULL
);
CREATE TABLE verdicts (
  key        INTEGER PRIMARY KEY,
  label      TEXT    NOT NULL,
  score      INTEGER NOT NULL, -- thousandths
  automation TEXT    NOT NULL,
  severity   INTEGER NOT NULL,
  tool       TEXT    NOT NULL,
  techniques TEXT    NOT NULL -- ids, a space between
);
CREATE TABLE operations (
  key      INTEGER PRIMARY KEY,
  op       TEXT NOT NULL,
  class    TEXT NOT NULL,
  outcome  TEXT NOT NULL
);

CREATE TABLE sessions (
  key         INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  boot        INTEGER NOT NULL,
  place       INTEGER NOT NULL,
  source      INTEGER NOT NULL,
  network     INTEGER NOT NULL,
  verdict     INTEGER NOT NULL,
  src_port    INTEGER NOT NULL,
  dst_port    INTEGER NOT NULL,
  parent      TEXT    NOT NULL,
  octets      TEXT    NOT NULL,
  opened      INTEGER NOT NULL,
  closed      INTEGER NOT NULL, -- 0: open
  reason      TEXT    NOT NULL,
  acts        INTEGER NOT NULL,
  octets_in   INTEGER NOT NULL,
  octets_out  INTEGER NOT NULL,
  fingerprint TEXT    NOT NULL,
  proven      BLOB    NOT NULL, -- acts for each technique of the verdict
  segment     INTEGER NOT NULL, -- where in the journal its first line is,
  position    INTEGER NOT NULL,
  end_segment  INTEGER NOT NULL, -- and what is behind its last
  end_position INTEGER NOT NULL
);
CREATE INDEX sessions_opened ON sessions (opened, key);
CREATE INDEX sessions_source ON sessions (source, opened);
CREATE INDEX sessions_print  ON sessions (fingerprint);

CREATE TABLE findings (
  session INTEGER PRIMARY KEY,
  finding BLOB NOT NULL -- JSON, packed (packing.go)
);

CREATE TABLE acts (
  session     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  operation   INTEGER NOT NULL,
  target_kind TEXT    NOT NULL,
  target      TEXT    NOT NULL,
  value       TEXT    NOT NULL,
  severity    INTEGER NOT NULL,
  count       INTEGER NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;

CREATE TABLE credentials (
  session  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  username TEXT    NOT NULL,
  secret   TEXT    NOT NULL,
  method   TEXT    NOT NULL,
  accepted INTEGER NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;

CREATE TABLE artifacts (
  session INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  sha256  TEXT    NOT NULL,
  size    INTEGER NOT NULL,
  name    TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE INDEX artifacts_sha256 ON artifacts (sha256);

-- What few sources share, by which they are clustered; a trace that many have
-- keeps its row here and loses those below.
CREATE TABLE traces (
  key     INTEGER PRIMARY KEY,
  kind    TEXT    NOT NULL,
  value   TEXT    NOT NULL,
  sources INTEGER NOT NULL,
  UNIQUE (kind, value)
);
CREATE INDEX traces_sources ON traces (sources);
CREATE TABLE traced (
  trace   INTEGER NOT NULL,
  part    INTEGER NOT NULL,
  members BLOB    NOT NULL, -- sources, sessions and when these were opened, packed (traces.go)
  PRIMARY KEY (trace, part)
) WITHOUT ROWID;

-- When which service listened; until 0: it still does.
CREATE TABLE listening (
  boot     TEXT    NOT NULL,
  origin   TEXT    NOT NULL,
  sensor   TEXT    NOT NULL,
  site     TEXT    NOT NULL,
  persona  TEXT    NOT NULL,
  device   TEXT    NOT NULL,
  service  TEXT    NOT NULL,
  protocol TEXT    NOT NULL,
  addr     TEXT    NOT NULL,
  since    INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  PRIMARY KEY (boot, persona, device, service, addr, since)
) WITHOUT ROWID;

-- The sensor's own lines: what limits a result.
CREATE TABLE notes (
  boot   TEXT    NOT NULL,
  seq    INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  origin TEXT    NOT NULL,
  sensor TEXT    NOT NULL,
  what   TEXT    NOT NULL,
  detail TEXT    NOT NULL,
  PRIMARY KEY (boot, seq)
) WITHOUT ROWID;

-- The roll-up: an hour's sessions by place, source, network and verdict, and its
-- acts by place and operation, packed (hours.go). Parts of an hour add up.
CREATE TABLE hours (
  hour   INTEGER NOT NULL,
  part   INTEGER NOT NULL,
  stamp  INTEGER NOT NULL, -- rises with every change
  visits BLOB    NOT NULL,
  acts   BLOB    NOT NULL,
  PRIMARY KEY (hour, part)
);

-- +goose Down
DROP TABLE hours;
DROP TABLE notes;
DROP TABLE listening;
DROP TABLE traced;
DROP TABLE traces;
DROP TABLE artifacts;
DROP TABLE credentials;
DROP TABLE acts;
DROP TABLE findings;
DROP TABLE sessions;
DROP TABLE operations;
DROP TABLE verdicts;
DROP TABLE networks;
DROP TABLE sources;
DROP TABLE boots;
DROP TABLE places;
DROP TABLE origins;
DROP TABLE meta;
