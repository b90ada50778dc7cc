/** What a sync tells, and what begins its runs. */
export const syncModes = {
  name: '0042-sync-modes',
  sql: `
ALTER TABLE sync
  -- NULL: made before there were modes; what it does then follows from its plugin.
  ADD COLUMN mode text CHECK (mode IN ('full', 'mirror', 'incremental', 'update-only', 'append')),
  ADD COLUMN cron text,
  ADD COLUMN zone text,                    -- NULL: the workspace's
  ADD COLUMN due_at timestamptz,           -- the next moment of the cron
  ADD COLUMN after_evaluation boolean NOT NULL DEFAULT false,
  ADD COLUMN on_delta boolean NOT NULL DEFAULT false,
  ADD COLUMN seen_evaluation_id uuid,      -- the newest that began a run, or had ended when the trigger was set
  -- A trigger fired: its run begins as soon as no other is open.
  ADD COLUMN wanted text CHECK (wanted IN ('schedule', 'evaluation'));
ALTER TABLE sync ADD COLUMN runs int NOT NULL DEFAULT 0;   -- begun so far
CREATE INDEX sync_due ON sync (workspace_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX evaluation_done ON evaluation (workspace_id, audience_id, ended_at) WHERE state = 'done';

ALTER TABLE sync_run
  ADD COLUMN number int NOT NULL DEFAULT 0, -- counts the runs of a sync, from 1
  ADD COLUMN trigger text NOT NULL DEFAULT 'demand' CHECK (trigger IN ('demand', 'schedule', 'evaluation', 'delta')),
  ADD COLUMN mode text,
  -- After the log the members are looked through for those that map to something else; planned_pos then counts persons.
  ADD COLUMN compares boolean NOT NULL DEFAULT false,
  ADD COLUMN comparing boolean NOT NULL DEFAULT false,
  ADD COLUMN expected bigint;              -- rows to be looked at, as known when it began

CREATE INDEX sync_run_of_sync ON sync_run (workspace_id, sync_id, id);

-- Of one membership version the newest revision counts: the number of the run that told it anew.
ALTER TABLE effect
  ADD COLUMN revision int NOT NULL DEFAULT 0,
  ADD COLUMN mapping_version int;
`,
};
