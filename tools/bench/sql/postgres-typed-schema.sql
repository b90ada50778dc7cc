-- Every trait and property a column of its own, events clustered by time as they come, indexes for each way in. Unlogged, which
-- shortens loading and changes nothing for who reads.
DROP SCHEMA IF EXISTS typed CASCADE;
CREATE SCHEMA typed;
CREATE UNLOGGED TABLE typed.profile (
  person int PRIMARY KEY,
  email text NOT NULL,
  country text NOT NULL,
  plan text NOT NULL,
  city text NOT NULL,
  points int NOT NULL,
  since timestamptz NOT NULL,
  consent_email text
);
CREATE UNLOGGED TABLE typed.event (
  person int NOT NULL,
  name text NOT NULL,
  occurred_at timestamptz NOT NULL,
  category text NOT NULL,
  amount numeric(12, 2) NOT NULL
);
-- name: indexes
CREATE INDEX ON typed.profile (country, plan);
CREATE INDEX ON typed.profile (city, points);
-- Covering, so that no condition on one kind of event reads the table itself.
CREATE INDEX ON typed.event (name, occurred_at) INCLUDE (person, category, amount);
CREATE INDEX ON typed.event (person, name, occurred_at);
