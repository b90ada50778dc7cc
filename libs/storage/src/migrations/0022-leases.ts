/** Processes that share background work, and which of it each has. */
export const leases = {
  name: '0022-leases',
  sql: `
-- A process with background work. Alive until its next heartbeat is overdue, by the database's own time.
CREATE TABLE worker (
  id uuid PRIMARY KEY,
  name text NOT NULL,                      -- where it runs, for people: host and process id
  kinds text[] NOT NULL,                   -- the work it takes part in
  alive_until timestamptz NOT NULL
);

-- No customer data, so readable across workspaces: it tells each process what is its to do.
CREATE TABLE lease (
  workspace_id uuid NOT NULL REFERENCES workspace,
  kind text NOT NULL,                      -- apply: the ingest log to profiles; stream: events to audiences
  partition smallint NOT NULL,             -- stream: persons whose number modulo the number of partitions is this
  owner uuid,                              -- a worker, alive or not; NULL: given back
  fence bigint NOT NULL DEFAULT 0,         -- rises whenever the owner changes
  PRIMARY KEY (workspace_id, kind, partition)
);
CREATE INDEX lease_owner ON lease (owner);
GRANT SELECT, INSERT, UPDATE, DELETE ON worker, lease TO percorso_app;

-- Which workspaces have deltas without a position, or evaluations that wait: exactly these rows show themselves to a
-- transaction outside any workspace that says it looks for work, so that nobody has to ask each workspace in turn.
CREATE POLICY open_work ON membership_delta FOR SELECT
  USING (pos IS NULL AND current_setting('percorso.looks_for', true) = 'deltas');
CREATE POLICY open_work ON evaluation FOR SELECT
  USING (state IN ('pending', 'running') AND current_setting('percorso.looks_for', true) = 'evaluations');
`,
};
