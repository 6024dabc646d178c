-- +goose Up
-- Times are int64 nanoseconds since 1970, UTC; addresses 16 octets, IPv4 mapped.
-- What analysis says stands beside what the journal says, and is made anew by reindex.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE sessions (
  key           INTEGER PRIMARY KEY,
  id            TEXT    NOT NULL UNIQUE,
  boot          TEXT    NOT NULL,
  sensor        TEXT    NOT NULL,
  persona       TEXT    NOT NULL,
  device        TEXT    NOT NULL,
  service       TEXT    NOT NULL,
  protocol      TEXT    NOT NULL,
  transport     TEXT    NOT NULL,
  src           BLOB    NOT NULL,
  src_port      INTEGER NOT NULL,
  dst_port      INTEGER NOT NULL,
  parent        TEXT    NOT NULL,
  octets        TEXT    NOT NULL,
  opened        INTEGER NOT NULL,
  closed        INTEGER NOT NULL DEFAULT 0, -- 0: open
  reason        TEXT    NOT NULL DEFAULT '',
  acts          INTEGER NOT NULL DEFAULT 0,
  octets_in     INTEGER NOT NULL DEFAULT 0,
  octets_out    INTEGER NOT NULL DEFAULT 0,
  country       TEXT    NOT NULL DEFAULT '',
  asn           INTEGER NOT NULL DEFAULT 0,
  as_org        TEXT    NOT NULL DEFAULT '',
  net_type      TEXT    NOT NULL DEFAULT '',
  scanner       TEXT    NOT NULL DEFAULT '',
  scanner_proof TEXT    NOT NULL DEFAULT '',
  label         TEXT    NOT NULL DEFAULT '',
  score         INTEGER NOT NULL DEFAULT 0, -- thousandths
  automation    TEXT    NOT NULL DEFAULT '',
  severity      INTEGER NOT NULL DEFAULT 0,
  fingerprint   TEXT    NOT NULL DEFAULT '',
  tool          TEXT    NOT NULL DEFAULT '',
  op_sequence   TEXT    NOT NULL DEFAULT '',
  payload       TEXT    NOT NULL DEFAULT '',
  credentials   TEXT    NOT NULL DEFAULT '',
  user_agent    TEXT    NOT NULL DEFAULT '',
  finding       TEXT    NOT NULL DEFAULT '', -- all of it, JSON; never in WHERE
  segment       INTEGER NOT NULL,           -- where in the journal its first line is
  position      INTEGER NOT NULL
);
CREATE INDEX sessions_opened   ON sessions (opened, key);
CREATE INDEX sessions_src      ON sessions (src, opened);
CREATE INDEX sessions_protocol ON sessions (protocol, opened);
CREATE INDEX sessions_label    ON sessions (label, opened);
CREATE INDEX sessions_country  ON sessions (country, opened);
CREATE INDEX sessions_asn      ON sessions (asn, opened);
CREATE INDEX sessions_print    ON sessions (fingerprint, opened);
CREATE INDEX sessions_closed   ON sessions (closed);

CREATE TABLE acts (
  session     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  op          TEXT    NOT NULL,
  class       TEXT    NOT NULL,
  outcome     TEXT    NOT NULL,
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

CREATE TABLE techniques (
  session   INTEGER NOT NULL,
  technique TEXT    NOT NULL,
  acts      INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  PRIMARY KEY (session, technique)
) WITHOUT ROWID;
CREATE INDEX techniques_technique ON techniques (technique);

-- When which service listened; until 0: it still does.
CREATE TABLE listening (
  boot     TEXT    NOT NULL,
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
  sensor TEXT    NOT NULL,
  what   TEXT    NOT NULL,
  detail TEXT    NOT NULL,
  PRIMARY KEY (boot, seq)
) WITHOUT ROWID;

-- Roll-ups: grown in the transaction that inserts a row, by that row alone.
CREATE TABLE hours (
  hour       INTEGER NOT NULL,
  sensor     TEXT    NOT NULL,
  persona    TEXT    NOT NULL,
  protocol   TEXT    NOT NULL,
  op         TEXT    NOT NULL,
  class      TEXT    NOT NULL,
  outcome    TEXT    NOT NULL,
  acts       INTEGER NOT NULL,
  octets_in  INTEGER NOT NULL,
  octets_out INTEGER NOT NULL,
  PRIMARY KEY (hour, sensor, persona, protocol, op, class, outcome)
) WITHOUT ROWID;

CREATE TABLE visits (
  day      INTEGER NOT NULL,
  sensor   TEXT    NOT NULL,
  persona  TEXT    NOT NULL,
  protocol TEXT    NOT NULL,
  src      BLOB    NOT NULL,
  country  TEXT    NOT NULL,
  asn      INTEGER NOT NULL,
  as_org   TEXT    NOT NULL,
  net_type TEXT    NOT NULL,
  scanner  TEXT    NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (day, sensor, persona, protocol, src)
) WITHOUT ROWID;

CREATE TABLE findings (
  hour       INTEGER NOT NULL,
  sensor     TEXT    NOT NULL,
  persona    TEXT    NOT NULL,
  protocol   TEXT    NOT NULL,
  label      TEXT    NOT NULL,
  automation TEXT    NOT NULL,
  tool       TEXT    NOT NULL,
  sessions   INTEGER NOT NULL,
  PRIMARY KEY (hour, sensor, persona, protocol, label, automation, tool)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE findings;
DROP TABLE visits;
DROP TABLE hours;
DROP TABLE notes;
DROP TABLE listening;
DROP TABLE techniques;
DROP TABLE artifacts;
DROP TABLE credentials;
DROP TABLE acts;
DROP TABLE sessions;
DROP TABLE meta;
