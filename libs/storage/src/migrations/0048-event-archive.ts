/** Older events leave PostgreSQL: readers find them in ClickHouse. */
export const eventArchive = {
  name: '0048-event-archive',
  sql: `
-- How far the events of a workspace's log (its partition 0) are read from ClickHouse alone. Without a row: none.
CREATE TABLE event_archive (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  pos bigint NOT NULL,                     -- events up to here are read from ClickHouse, later ones from PostgreSQL
  node int NOT NULL,                       -- no event up to there is of a node after this one
  received_before timestamptz NOT NULL,    -- every event up to there was
  since timestamptz NOT NULL,              -- when readers began to be told so, by the database's own clock
  cleared bigint NOT NULL DEFAULT 0        -- up to here nobody reads what PostgreSQL may still have: it can go
);
ALTER TABLE event_archive ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_archive FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_archive
  USING (workspace_id = nullif(current_setting('percorso.workspace', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON event_archive TO percorso_app;

-- Drops the partitions of days before before_day whose every event readers find in ClickHouse, at most most of them, and
-- gives their names. What readers were told within grace, or while a transaction that is still open ran, counts as not told.
-- Row-level security binds the owner too, so each workspace is looked at as itself: an unseen row would be lost.
CREATE FUNCTION clear_archived_events(before_day date, grace interval, most int) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = percorso, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  settled timestamptz; child text; needed boolean; w uuid; dropped int := 0;
  asked text := current_setting('percorso.workspace', true);
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('percorso:event-archive', 0)) THEN RETURN; END IF;
  SELECT least(clock_timestamp() - grace, min(xact_start)) INTO settled FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid();
  FOR w IN SELECT id FROM workspace LOOP
    PERFORM set_config('percorso.workspace', w::text, true);
    UPDATE event_archive SET cleared = pos WHERE workspace_id = w AND cleared < pos AND since < settled;
    -- Of days that had no partition when they came.
    DELETE FROM event_default WHERE ctid = ANY(ARRAY(
      SELECT e.ctid FROM event_archive a JOIN event_default e ON e.workspace_id = w AND e.partition = 0 AND e.pos <= a.cleared
      WHERE a.workspace_id = w LIMIT 10000));
  END LOOP;
  FOR child IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'event'::regclass AND c.relname ~ '_[0-9]{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
    ORDER BY c.relname
  LOOP
    FOR look IN 1..2 LOOP
      needed := false;
      FOR w IN SELECT id FROM workspace LOOP
        PERFORM set_config('percorso.workspace', w::text, true);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE workspace_id = $1 AND (partition <> 0 OR pos > coalesce(
          (SELECT cleared FROM event_archive WHERE workspace_id = $1), 0)))', child) INTO needed USING w;
        EXIT WHEN needed;
      END LOOP;
      EXIT WHEN needed;
      -- Nothing comes in any more between the second look and the drop.
      IF look = 1 THEN LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE; END IF;
    END LOOP;
    CONTINUE WHEN needed;
    EXECUTE format('DROP TABLE %I', child);
    dropped := dropped + 1;
    RETURN NEXT child;
    EXIT WHEN dropped >= most;
  END LOOP;
  PERFORM set_config('percorso.workspace', coalesce(asked, ''), true);
END $$;
REVOKE EXECUTE ON FUNCTION clear_archived_events(date, interval, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clear_archived_events(date, interval, int) TO percorso_app;
`,
};
