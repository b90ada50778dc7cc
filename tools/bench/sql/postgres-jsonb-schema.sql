-- Traits and properties as they come, one document each. Unlogged, which
-- shortens loading and changes nothing for who reads.
DROP SCHEMA IF EXISTS doc CASCADE;
CREATE SCHEMA doc;
CREATE UNLOGGED TABLE doc.profile (
  person int PRIMARY KEY,
  traits jsonb NOT NULL
);
CREATE UNLOGGED TABLE doc.event (
  person int NOT NULL,
  name text NOT NULL,
  occurred_at timestamptz NOT NULL,
  properties jsonb NOT NULL
);
-- name: indexes
CREATE INDEX ON doc.profile USING gin (traits jsonb_path_ops);
CREATE INDEX ON doc.event (name, occurred_at);
CREATE INDEX ON doc.event (person, name, occurred_at);
