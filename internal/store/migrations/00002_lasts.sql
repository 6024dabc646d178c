-- +goose Up
-- The last line of a boot that is known: until then it listened. 0: not known.
ALTER TABLE boots ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
UPDATE boots SET last = COALESCE((SELECT MAX(at) FROM notes WHERE notes.boot = boots.id AND seq >= 0 AND what <> 'redact'), 0);

-- +goose Down
ALTER TABLE boots DROP COLUMN last;
