/** PostgreSQL, forward only. Every table that holds customer data is keyed (workspace_id, …) and under forced row-level security. */
export const foundation = {
  name: '0001-foundation',
  sql: `
CREATE TABLE workspace (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  -- {allowPrivateNetwork: bool, unknownConsent: 'allow'|'deny', timezone: IANA zone}
  settings jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE access_key (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('api', 'write')),
  name text NOT NULL,
  hash bytea NOT NULL,
  scopes text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE idempotency (
  workspace_id uuid NOT NULL REFERENCES workspace,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  status int,
  headers jsonb,
  body bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key)
);

-- The same for the operator's requests, which belong to no workspace. Bodies are sealed with the presented key.
CREATE TABLE instance_idempotency (
  key text PRIMARY KEY,
  request_hash bytea NOT NULL,
  status int,
  headers jsonb,
  body bytea,
  created_at timestamptz NOT NULL
);

CREATE TABLE audit (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, id)
);

-- ingest ------------------------------------------------------------------
-- Counters only, so readable across workspaces: it tells the appliers and loaders where there is work.
CREATE TABLE ingest_head (
  workspace_id uuid NOT NULL REFERENCES workspace,
  partition smallint NOT NULL DEFAULT 0,
  head bigint NOT NULL DEFAULT 0,          -- last position given to an accepted event
  applied bigint NOT NULL DEFAULT 0,       -- last position applied to profiles
  loaded bigint NOT NULL DEFAULT 0,        -- last position confirmed by ClickHouse
  accepted bigint NOT NULL DEFAULT 0,
  duplicates bigint NOT NULL DEFAULT 0,
  quarantined bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, partition)
);

-- The busiest tables carry no foreign key to workspace: a key-share lock per row on one workspace row would be contention.
-- One row per request: event i of it has position pos + i (0-based). payload is the JSON text of an array of items,
-- deflated (zlib) when it is long; PostgreSQL need not try to compress it again.
CREATE TABLE ingest_log (
  workspace_id uuid NOT NULL,
  partition smallint NOT NULL DEFAULT 0,
  pos bigint NOT NULL,
  count int NOT NULL,
  received_at timestamptz NOT NULL,
  sent_at timestamptz,
  source_id text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (workspace_id, partition, pos, received_at)
) PARTITION BY RANGE (received_at);
ALTER TABLE ingest_log ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE ingest_log_default PARTITION OF ingest_log DEFAULT;

CREATE TABLE message_seen (
  workspace_id uuid NOT NULL,
  message_hash bytea NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, message_hash, seen_at)
) PARTITION BY RANGE (seen_at);
CREATE TABLE message_seen_default PARTITION OF message_seen DEFAULT;

CREATE TABLE quarantine (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  partition smallint NOT NULL,
  pos bigint NOT NULL,
  received_at timestamptz NOT NULL,
  source_id text NOT NULL,
  message_id text,
  code text NOT NULL,
  reason text NOT NULL,
  pointer text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, partition, pos)
);

-- identity ----------------------------------------------------------------
CREATE TABLE namespace (
  workspace_id uuid NOT NULL REFERENCES workspace,
  code text NOT NULL,
  title text NOT NULL,
  uniqueness text NOT NULL CHECK (uniqueness IN ('one', 'many')),  -- identities of it per person
  priority int NOT NULL,                                           -- lower wins
  normalization text NOT NULL DEFAULT 'none' CHECK (normalization IN ('none', 'lowercase', 'e164')),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, code)
);

CREATE TABLE identity_counter (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  last_node int NOT NULL DEFAULT 0
);

-- A person is numbered by the node that founded it. home never changes; person is home followed through live merges.
CREATE TABLE identity_node (
  workspace_id uuid NOT NULL,
  node int NOT NULL,
  namespace text NOT NULL,
  value text NOT NULL,
  home int NOT NULL,
  person int NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  dirty boolean NOT NULL DEFAULT true,     -- ClickHouse has not this version yet
  first_seen timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, node),
  UNIQUE (workspace_id, namespace, value)
);
CREATE INDEX identity_node_person ON identity_node (workspace_id, person);
CREATE INDEX identity_node_dirty ON identity_node (workspace_id) WHERE dirty;

CREATE TABLE merge (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  winner int NOT NULL,                     -- roots when it happened
  loser int NOT NULL,
  cause jsonb NOT NULL,                    -- {kind: 'identify'|'alias'|'manual', messageId?, pos?}
  at timestamptz NOT NULL,
  reversed_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX merge_loser_once ON merge (workspace_id, loser) WHERE reversed_at IS NULL;
CREATE INDEX merge_winner ON merge (workspace_id, winner) WHERE reversed_at IS NULL;

CREATE TABLE merge_refusal (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  partition smallint NOT NULL,
  pos bigint NOT NULL,
  kept int NOT NULL,
  refused int NOT NULL,
  namespace text NOT NULL,                 -- whose uniqueness would have been broken; '' when separated by hand
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, kept, refused, namespace)
);

-- profile -----------------------------------------------------------------
-- What was said through nodes of one home person; a profile is its fragments merged, so that an unmerge loses nothing.
-- traits: {key: {value, source, at, pos}}; consent: {channel: {topic|'*': {state, source, at, pos}}}
CREATE TABLE profile_fragment (
  workspace_id uuid NOT NULL,
  home int NOT NULL,
  traits jsonb NOT NULL DEFAULT '{}',
  consent jsonb NOT NULL DEFAULT '{}',
  groups text[] NOT NULL DEFAULT '{}',
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, home)
);

CREATE TABLE profile (
  workspace_id uuid NOT NULL,
  person int NOT NULL,
  id uuid NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'merged')),
  traits jsonb NOT NULL DEFAULT '{}',
  consent jsonb NOT NULL DEFAULT '{}',
  groups text[] NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  dirty boolean NOT NULL DEFAULT true,     -- ClickHouse has not this version yet
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, person),
  UNIQUE (workspace_id, id)
);
CREATE INDEX profile_dirty ON profile (workspace_id) WHERE dirty;

-- Persons to be forgotten: PostgreSQL has done so with this row's commit, ClickHouse follows.
CREATE TABLE erasure (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  profile_id uuid NOT NULL,
  persons int[] NOT NULL,
  nodes int[] NOT NULL,
  requested_at timestamptz NOT NULL,
  done_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX erasure_open ON erasure (workspace_id) WHERE done_at IS NULL;

CREATE TABLE group_account (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id text NOT NULL,
  traits jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

-- Applied events of recent days: profile timelines and the source of ClickHouse's deterministic batches.
CREATE TABLE event (
  workspace_id uuid NOT NULL,
  partition smallint NOT NULL,
  pos bigint NOT NULL,
  message_id text NOT NULL,
  node int NOT NULL,
  type text NOT NULL,                      -- identify|track|page|screen|group|alias
  name text NOT NULL,                      -- the tracked event's name; the type for all others
  occurred_at timestamptz NOT NULL,
  sent_at timestamptz,
  received_at timestamptz NOT NULL,
  source_id text NOT NULL,
  properties jsonb NOT NULL,
  context jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, partition, pos, received_at)
) PARTITION BY RANGE (received_at);
CREATE TABLE event_default PARTITION OF event DEFAULT;
CREATE INDEX event_node ON event (workspace_id, node, occurred_at DESC);

-- The batch being inserted into ClickHouse: frozen before the insert, so that a crash repeats the same rows and token.
CREATE TABLE load_batch (
  workspace_id uuid NOT NULL REFERENCES workspace,
  partition smallint NOT NULL,
  from_pos bigint NOT NULL,
  to_pos bigint NOT NULL,
  token text NOT NULL,
  PRIMARY KEY (workspace_id, partition)
);

-- segmentation ------------------------------------------------------------
CREATE TABLE audience (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
  definition_version int NOT NULL DEFAULT 1,
  members bigint NOT NULL DEFAULT 0,
  as_of_pos bigint,
  evaluated_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE audience_definition (
  workspace_id uuid NOT NULL,
  audience_id uuid NOT NULL,
  version int NOT NULL,
  definition jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, audience_id, version),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);

CREATE TABLE evaluation (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  audience_id uuid NOT NULL,
  definition_version int NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
  as_of_pos bigint,
  as_of timestamptz,
  members bigint,
  entered bigint,
  exited bigint,
  error text,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);
CREATE INDEX evaluation_open ON evaluation (workspace_id) WHERE state IN ('pending', 'running');

CREATE TABLE membership (
  workspace_id uuid NOT NULL,
  audience_id uuid NOT NULL,
  person int NOT NULL,
  profile_id uuid NOT NULL,
  member boolean NOT NULL,
  version bigint NOT NULL,                 -- counts entries and exits of this pair, stamped under this row's lock
  definition_version int NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, audience_id, person),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);

-- Deltas wait with pos NULL until the sequencer gives committed ones a dense position.
CREATE TABLE membership_delta (
  workspace_id uuid NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  audience_id uuid NOT NULL,
  person int NOT NULL,
  profile_id uuid NOT NULL,
  op text NOT NULL CHECK (op IN ('enter', 'exit')),
  version bigint NOT NULL,
  cause jsonb NOT NULL,                    -- {kind: 'evaluation'|'merge'|'unmerge'|'erasure'|…, evaluationId?}
  definition_version int NOT NULL,
  at timestamptz NOT NULL,
  pos bigint,
  PRIMARY KEY (workspace_id, n),
  UNIQUE (workspace_id, audience_id, person, version),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience
);
CREATE UNIQUE INDEX membership_delta_pos ON membership_delta (workspace_id, pos) WHERE pos IS NOT NULL;
CREATE INDEX membership_delta_waiting ON membership_delta (workspace_id, n) WHERE pos IS NULL;
CREATE INDEX membership_delta_audience ON membership_delta (workspace_id, audience_id, pos);

CREATE TABLE membership_log (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  epoch int NOT NULL DEFAULT 1,            -- a restore bumps it; cursors of an older epoch get 410
  head bigint NOT NULL DEFAULT 0
);

-- connector, mapping, sync --------------------------------------------------
CREATE TABLE connector (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  plugin_id text NOT NULL,
  name text NOT NULL,
  settings jsonb NOT NULL,
  secrets jsonb NOT NULL DEFAULT '{}',     -- {field: {keyId, nonce, tag, data}} AES-256-GCM, base64
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  check_result jsonb,
  resume_at timestamptz,                   -- its lane rests until then (429, outage)
  failures int NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE mapping (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  name text NOT NULL,
  current int NOT NULL DEFAULT 1,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE TABLE mapping_version (
  workspace_id uuid NOT NULL,
  mapping_id uuid NOT NULL,
  version int NOT NULL,
  expression text NOT NULL,
  required text[] NOT NULL DEFAULT '{}',   -- top-level output fields without which a row is dropped
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, mapping_id, version),
  FOREIGN KEY (workspace_id, mapping_id) REFERENCES mapping
);

CREATE TABLE sync (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  name text NOT NULL,
  audience_id uuid NOT NULL,
  connector_id uuid NOT NULL,
  mapping_id uuid NOT NULL,
  exit_mapping_id uuid,                    -- what to send when a member leaves; without it exits are not sent
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  cursor_epoch int,
  cursor_pos bigint NOT NULL DEFAULT 0,    -- deltas of the log planned so far
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, audience_id) REFERENCES audience,
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector,
  FOREIGN KEY (workspace_id, mapping_id) REFERENCES mapping
);

CREATE TABLE sync_run (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  sync_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'planning' CHECK (state IN ('planning', 'delivering', 'done', 'failed', 'cancelled')),
  mapping_version int NOT NULL,
  exit_mapping_version int,
  from_pos bigint NOT NULL,
  to_pos bigint NOT NULL,
  -- A first run reads the members themselves; planned_pos then counts persons, later it is a position of the log.
  snapshot boolean NOT NULL DEFAULT false,
  planned_pos bigint NOT NULL,
  planned bigint NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  error text,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, sync_id) REFERENCES sync
);
CREATE UNIQUE INDEX sync_run_open ON sync_run (workspace_id, sync_id) WHERE state IN ('planning', 'delivering');

-- delivery ------------------------------------------------------------------
CREATE TABLE effect (
  workspace_id uuid NOT NULL REFERENCES workspace,
  id uuid NOT NULL,
  key text NOT NULL,                       -- names the intent, e.g. sync:<id>:<person>:<membership version>
  run_id uuid,
  sync_id uuid,
  connector_id uuid NOT NULL,
  person int NOT NULL,
  profile_id uuid NOT NULL,
  membership_version bigint NOT NULL,
  operation text NOT NULL CHECK (operation IN ('send', 'upsert', 'remove')),
  payload jsonb,                           -- frozen before the call; NULL when dropped by mapping
  content_hash text,
  channel text,
  address text,
  state text NOT NULL CHECK (state IN
    ('pending', 'sending', 'accepted', 'rejected', 'suppressed', 'dropped', 'unknown', 'superseded')),
  reason_code text,
  reason text,
  pointer text,
  attempt int NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  doubtful_since timestamptz,              -- start of the first attempt whose outcome is not known
  provider_id text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, key),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector
);
CREATE INDEX effect_due ON effect (workspace_id, connector_id, due_at) WHERE state IN ('pending', 'unknown');
CREATE INDEX effect_sending ON effect (workspace_id, connector_id, lease_until) WHERE state = 'sending';
CREATE INDEX effect_open_person ON effect (workspace_id, connector_id, person, membership_version)
  WHERE state IN ('pending', 'sending', 'unknown');
CREATE INDEX effect_run ON effect (workspace_id, run_id, state);
CREATE INDEX effect_sync ON effect (workspace_id, sync_id, person, membership_version);
CREATE INDEX effect_provider ON effect (workspace_id, connector_id, provider_id) WHERE provider_id IS NOT NULL;

-- Each claim of effects takes a number; only its holder may write their outcome.
CREATE SEQUENCE effect_claim;

CREATE TABLE effect_attempt (
  workspace_id uuid NOT NULL,
  effect_id uuid NOT NULL,
  attempt int NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  outcome text,
  code text,
  PRIMARY KEY (workspace_id, effect_id, attempt)
);

CREATE TABLE suppression (
  workspace_id uuid NOT NULL REFERENCES workspace,
  channel text NOT NULL,
  address text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('hard-bounce', 'complaint', 'unsubscribe', 'manual')),
  source text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, channel, address)
);

CREATE TABLE feedback_cursor (
  workspace_id uuid NOT NULL,
  connector_id uuid NOT NULL,
  cursor jsonb NOT NULL,
  polled_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, connector_id),
  FOREIGN KEY (workspace_id, connector_id) REFERENCES connector
);

-- tenancy -------------------------------------------------------------------
DO $$
DECLARE t text;
BEGIN
  FOR t IN
    SELECT c.relname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'percorso'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'ingest_head'
  LOOP
    EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format(
      'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', t);
  END LOOP;
END $$;
-- A presented key is looked up before its workspace is known: exactly that row may be read.
CREATE POLICY presented ON access_key FOR SELECT
  USING (id = nullif(current_setting('percorso.presented_key', true), ''));

-- Daily partitions of the time-partitioned tables, made ahead by whoever runs the hub.
CREATE FUNCTION ensure_partitions(from_day date, days int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = percorso, pg_temp AS $$
DECLARE parent text; day date; child text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['ingest_log', 'message_seen', 'event'] LOOP
    FOR i IN 0..days - 1 LOOP
      day := from_day + i;
      child := parent || '_' || to_char(day, 'YYYYMMDD');
      IF to_regclass('percorso.' || child) IS NULL THEN
        EXECUTE format('CREATE TABLE percorso.%I PARTITION OF percorso.%I FOR VALUES FROM (%L) TO (%L)',
          child, parent, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE percorso.%I ENABLE ROW LEVEL SECURITY', child);
        EXECUTE format('ALTER TABLE percorso.%I FORCE ROW LEVEL SECURITY', child);
        EXECUTE format(
          'CREATE POLICY tenant ON percorso.%I USING (workspace_id = nullif(current_setting(''percorso.workspace'', true), '''')::uuid)', child);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON percorso.%I TO percorso_app', child);
      END IF;
    END LOOP;
  END LOOP;
END $$;

-- Days before log_before whose every event ClickHouse has confirmed leave the log, days before seen_before the message
-- ids. Row-level security binds the owner too, so each workspace is looked at as itself: an unseen row would be lost.
CREATE FUNCTION drop_partitions(log_before date, seen_before date) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = percorso, pg_temp AS $$
DECLARE child text; day text; needed boolean; h record; asked text := current_setting('percorso.workspace', true);
BEGIN
  FOR child IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('ingest_log'::regclass, 'message_seen'::regclass) AND c.relname ~ '_[0-9]{8}$'
    ORDER BY c.relname
  LOOP
    day := right(child, 8);
    needed := to_date(day, 'YYYYMMDD') >= CASE WHEN child LIKE 'ingest_log_%' THEN log_before ELSE seen_before END;
    IF NOT needed AND child LIKE 'ingest_log_%' THEN
      FOR h IN SELECT workspace_id, partition, loaded FROM ingest_head LOOP
        PERFORM set_config('percorso.workspace', h.workspace_id::text, true);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE workspace_id = $1 AND partition = $2 AND pos + count - 1 > $3)', child)
          INTO needed USING h.workspace_id, h.partition, h.loaded;
        EXIT WHEN needed;
      END LOOP;
    END IF;
    IF NOT needed THEN
      EXECUTE format('DROP TABLE %I', child);
      RETURN NEXT child;
    END IF;
  END LOOP;
  PERFORM set_config('percorso.workspace', coalesce(asked, ''), true);
END $$;

GRANT USAGE ON SCHEMA percorso TO percorso_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA percorso TO percorso_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA percorso TO percorso_app;
REVOKE EXECUTE ON FUNCTION ensure_partitions(date, int), drop_partitions(date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(date, int), drop_partitions(date, date) TO percorso_app;
REVOKE INSERT, UPDATE, DELETE ON migration FROM percorso_app;
REVOKE UPDATE, DELETE ON audit FROM percorso_app;
`,
};
