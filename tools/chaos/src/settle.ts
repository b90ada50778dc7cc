import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** What still waits somewhere in the hub: nothing of it may, in the end. */
export interface Waiting {
  /** Accepted calls that are not applied, or not in ClickHouse. */
  unapplied: number;
  unloaded: number;
  /** Calls that audiences do not reflect yet, of the persons furthest behind. */
  unreflected: number;
  /** Entries and exits without a position, or that a sync has not read. */
  unsequenced: number;
  unplanned: number;
  /** Effects that wait, that are out, and unknown ones that can still be resolved. */
  pending: number;
  sending: number;
  resolvable: number;
}

/** The hub's work did not come to an end. */
export class NeverDrained extends Error {
  override readonly name = 'NeverDrained';
}

const LOOK_MS = 500;

const WAITING = `SELECT
  h.head - h.applied AS unapplied, h.head - h.loaded AS unloaded,
  h.head - coalesce((SELECT min(coalesce(c.pos, 0)) FROM percorso.lease l
    LEFT JOIN percorso.stream_cursor c USING (workspace_id, partition)
    WHERE l.workspace_id = $1 AND l.kind = 'stream'), 0) AS unreflected,
  (SELECT count(*) FROM percorso.membership_delta WHERE workspace_id = $1 AND pos IS NULL) AS unsequenced,
  (SELECT count(*) FROM percorso.sync s JOIN percorso.membership_delta d USING (workspace_id, audience_id)
    WHERE s.workspace_id = $1 AND d.pos > s.cursor_pos) AS unplanned,
  (SELECT count(*) FROM percorso.effect WHERE workspace_id = $1 AND state = 'pending') AS pending,
  (SELECT count(*) FROM percorso.effect WHERE workspace_id = $1 AND state = 'sending') AS sending,
  (SELECT count(*) FROM percorso.effect WHERE workspace_id = $1 AND state = 'unknown' AND due_at < 'infinity') AS resolvable
  FROM (SELECT sum(head)::bigint AS head, sum(applied)::bigint AS applied, sum(loaded)::bigint AS loaded
        FROM percorso.ingest_head WHERE workspace_id = $1) h`;

export async function waitingIn(databaseUrl: string, workspaceId: string): Promise<Waiting> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<keyof Waiting, string>>(WAITING, [workspaceId]);
    return Object.fromEntries(
      Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]),
    ) as unknown as Waiting;
  } finally {
    await client.end();
  }
}

/** Until nothing waits anywhere. @throws NeverDrained with what still waits */
export async function untilDrained(
  databaseUrl: string,
  workspaceId: string,
  patienceMs: number,
  tell: (waiting: Waiting) => void,
): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const waiting = await waitingIn(databaseUrl, workspaceId).catch(() => undefined);
    if (waiting) {
      if (Object.values(waiting).every((count) => count === 0)) return;
      tell(waiting);
    }
    if (Date.now() > end)
      throw new NeverDrained(
        `After ${patienceMs / 1000} s there still waits: ${waiting ? describe(waiting) : 'PostgreSQL'}`,
      );
    await sleep(LOOK_MS);
  }
}

export const describe = (waiting: Waiting): string =>
  Object.entries(waiting)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
