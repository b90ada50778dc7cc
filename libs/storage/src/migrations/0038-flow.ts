/** Flow control of deliveries: priorities, and what is known of each connector's and host's pace. */
export const flow = {
  name: '0038-flow',
  sql: `
-- 0 transactional, 1 removal, 2 bulk.
ALTER TABLE effect ADD COLUMN priority smallint NOT NULL DEFAULT 2;
ALTER TABLE effect ADD COLUMN changed_at timestamptz;   -- when what it tells came about; NULL: not known

-- Fewer indexes to follow when a row is planned, claimed and settled; each is looked at by every claim.
CREATE INDEX effect_waiting ON effect (workspace_id, connector_id, priority, due_at) WHERE state = 'pending';
CREATE INDEX effect_doubt ON effect (workspace_id, connector_id, due_at) WHERE state = 'unknown' AND due_at < 'infinity';
CREATE INDEX effect_in_flight ON effect (workspace_id, connector_id, person) WHERE state = 'sending';
CREATE INDEX effect_person ON effect (workspace_id, person, sync_id, membership_version);
DROP INDEX effect_due;
DROP INDEX effect_sending;
DROP INDEX effect_open_person;
DROP INDEX effect_sync;

-- One row for each connector that was called and each host behind them, shared by all processes.
CREATE TABLE delivery_flow (
  workspace_id uuid NOT NULL REFERENCES workspace,
  place text NOT NULL,                     -- connector:<id> or host:<name>
  per_second float8 CHECK (per_second > 0),   -- limits that an admin set; NULL: the plugin's, and the hub's own
  concurrency int CHECK (concurrency > 0),
  free_at timestamptz,                     -- the token bucket, on PostgreSQL's clock: nothing leaves before
  rest_until timestamptz,                  -- nothing is tried before: Retry-After, or a call that failed
  learned_per_second float8,               -- after a 429: halved, then rising step by step
  step_per_second float8,
  learned_at timestamptz,
  breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half-open')),
  failures int NOT NULL DEFAULT 0,         -- calls in a row that failed as a whole
  reason text,                             -- the code of the last
  probe_at timestamptz,                    -- when the breaker lets one call through
  told_at timestamptz,                     -- when something was last accepted, and how old the oldest of it was
  lag_ms float8,
  host text,                               -- of a connector: the host it calls, whose own row holds for it too
  version bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (workspace_id, place)
) WITH (fillfactor = 20);

CREATE INDEX delivery_flow_host ON delivery_flow (workspace_id, host) WHERE host IS NOT NULL;
ALTER TABLE delivery_flow ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery_flow FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery_flow
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery_flow TO percorso_app;
`,
};
