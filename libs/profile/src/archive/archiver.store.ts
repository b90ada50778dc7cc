import { Transaction } from '@percorso/storage';

/** How far a workspace's archive could reach. */
export interface ArchiveStep {
  /** Events after this position, where it reaches today, … */
  after: number;
  /** … up to this one. */
  to: number;
}

/**
 * The next step of a workspace's archive: up to the first event that was received at `before` or later, ClickHouse has not
 * confirmed, some audience does not reflect yet, or journeys have not taken up. Undefined when there is none, or the step before is not cleared yet.
 */
export async function nextStep(tx: Transaction, before: Date): Promise<ArchiveStep | undefined> {
  const { rows } = await tx.query<{ after: string; to: string | null; cleared: boolean }>(
    `WITH a AS (
       SELECT coalesce(max(pos), 0) AS pos, coalesce(bool_and(cleared = pos), true) AS cleared
       FROM event_archive WHERE workspace_id = $1)
     SELECT a.pos AS after, a.cleared, least(
       coalesce((SELECT min(e.pos) FROM event e WHERE e.workspace_id = $1 AND e.partition = 0 AND e.pos > a.pos
           AND e.received_at >= $2) - 1,
         (SELECT max(e.pos) FROM event e WHERE e.workspace_id = $1 AND e.partition = 0), 0),
       coalesce((SELECT loaded FROM ingest_head WHERE workspace_id = $1 AND partition = 0), 0),
       (SELECT min(coalesce(c.pos, 0)) FROM (
          SELECT partition FROM lease WHERE workspace_id = $1 AND kind = 'stream' UNION SELECT 0::smallint) p
        LEFT JOIN stream_cursor c ON c.workspace_id = $1 AND c.partition = p.partition),
       (SELECT min(pos) FROM journey_cursor WHERE workspace_id = $1 AND awake)) AS to
     FROM a`,
    [tx.workspaceId, before],
  );
  const [{ after, to, cleared }] = rows as [(typeof rows)[0]];
  return cleared && Number(to) > Number(after) ? { after: Number(after), to: Number(to) } : undefined;
}

/** The last position of a step before an event that ClickHouse cannot have whole, if an earlier release loaded it. */
export async function wholeUntil(tx: Transaction, { after, to }: ArchiveStep): Promise<number> {
  const { rows } = await tx.query<{ pos: string | null }>(
    `SELECT min(pos) AS pos FROM event WHERE workspace_id = $1 AND partition = 0 AND pos > $2 AND pos <= $3
       AND (context #> '{consent,categoryPreferences}' IS NOT NULL OR occurred_at < '1900-01-01Z')`,
    [tx.workspaceId, after, to],
  );
  return rows[0]?.pos ? Number(rows[0].pos) - 1 : to;
}

/** Tell readers. Done twice it is done once. @param before all events up to `to` were received before */
export async function moveEdge(tx: Transaction, { after, to }: ArchiveStep, before: Date): Promise<void> {
  await tx.query(
    `INSERT INTO event_archive AS a (workspace_id, pos, node, received_before, since)
     SELECT $1, $3, coalesce((SELECT max(node) FROM event WHERE workspace_id = $1 AND received_at < $4), 0), $4, clock_timestamp()
     WHERE $2 = coalesce((SELECT pos FROM event_archive WHERE workspace_id = $1), 0)
     ON CONFLICT (workspace_id) DO UPDATE SET pos = excluded.pos, node = greatest(a.node, excluded.node),
       received_before = excluded.received_before, since = excluded.since
     WHERE a.pos = $2 AND a.cleared = a.pos`,
    [tx.workspaceId, after, to, before],
  );
}

/**
 * Drop days before `before` that no reader needs any more.
 * @param grace a PostgreSQL interval: what readers were told more recently does not count
 * @returns the dropped partitions, `most` at most
 */
export async function clearArchived(
  tx: Transaction,
  before: Date,
  grace: string,
  most: number,
): Promise<string[]> {
  const { rows } = await tx.query<{ dropped: string }>(
    'SELECT clear_archived_events($1::date, $2::interval, $3) AS dropped',
    [before.toISOString().slice(0, 10), grace, most],
  );
  return rows.map(({ dropped }) => dropped);
}
