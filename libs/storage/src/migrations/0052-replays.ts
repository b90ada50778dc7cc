/** Dead letters sent again in the background, and rows that were opened again. */
export const replays = {
  name: '0052-replays',
  sql: `
CREATE TABLE replay (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  request_key bytea,                       -- SHA-256 of the caller and its Idempotency-Key
  chosen jsonb NOT NULL,                   -- {syncId, connectorId, runId, state, reasonCode, pointer, ids}, each optional
  rows_per_second float8 CHECK (rows_per_second > 0),   -- NULL: as fast as it goes
  state text NOT NULL CHECK (state IN ('running', 'paused', 'done', 'cancelled')),
  expected bigint NOT NULL,                -- dead letters that were chosen when it began
  looked bigint NOT NULL DEFAULT 0,
  replayed bigint NOT NULL DEFAULT 0,
  dropped bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  -- Up to here everything was looked at, in this order.
  after_sync uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  after_effect uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  next_at timestamptz NOT NULL,            -- when the next row may become due
  error text,                              -- why it paused by itself
  actor text NOT NULL,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, request_key)
);
CREATE INDEX replay_open ON replay (workspace_id, next_at) WHERE state = 'running';
ALTER TABLE replay ENABLE ROW LEVEL SECURITY;
ALTER TABLE replay FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON replay
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON replay TO percorso_app;

ALTER TABLE effect
  ADD COLUMN replay_id uuid,               -- the replay that opened it last
  ADD COLUMN reopened_at timestamptz;      -- by a replay or by hand: a run cancelled before does not let it go
CREATE INDEX effect_replay ON effect (workspace_id, replay_id, state) WHERE replay_id IS NOT NULL;
`,
};
