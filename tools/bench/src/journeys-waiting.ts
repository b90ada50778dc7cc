import { median } from './bench';
import type { JourneysHub } from './journeys-hub';
import { trial } from './journeys-shop';

export interface WaitingPlan {
  /** Instances that wait, one size after the other. */
  sizes: readonly number[];
  /** Of them those that move in one round. */
  moved: number;
  rounds: number;
}

/** What it takes for each instance that moves: microseconds, and rows found by the index that leads to it. */
interface Cost {
  us: number;
  entries: number;
}

/** Copies made by one statement. */
const PAGE = 50_000;
const TABLES = ['journey_instance', 'journey_wait', 'journey_trace'];

/** What it costs that so many wait: those whose time has come, and those to whom something happens. */
export async function measureWaiting(
  hub: JourneysHub,
  { sizes, moved, rounds }: WaitingPlan,
): Promise<Record<string, number>> {
  const journeyId = await hub.journey('Trial', trial);
  const waiting = new Waiting(hub, journeyId);
  await waiting.begin(Math.min(hub.base, sizes[0]!));
  const costs: Record<'due' | 'event', Cost>[] = [];
  for (const size of sizes) {
    await waiting.fill(size);
    const cost = await waiting.rounds(rounds, moved);
    costs.push(cost);
    console.log(
      `${size.toLocaleString('en').padStart(9)} waiting   due: ${shown(cost.due)}   an event: ${shown(cost.event)}   ` +
        `(${rounds} rounds of ${moved})`,
    );
  }
  await hub.end(journeyId);
  const [first, last] = [costs[0]!, costs.at(-1)!];
  const most = short(sizes.at(-1)!);
  return {
    [`waiting_${most}_cost`]: rounded(last.due.us / first.due.us),
    [`waiting_${most}_event_cost`]: rounded(last.event.us / first.event.us),
    waiting_due_us: Math.round(last.due.us),
    waiting_event_us: Math.round(last.event.us),
  };
}

/** Instances of a journey that wait, made by the engine first and multiplied then. */
class Waiting {
  private ended = { over: 0, thank: 0 };

  constructor(
    private readonly hub: JourneysHub,
    private readonly journeyId: string,
  ) {}

  /** So many of the customers enter. */
  async begin(count: number): Promise<void> {
    const users = Array.from({ length: count }, (_, number) => `u${number}`);
    await this.hub.tell(users.map((userId) => ({ userId, event: 'Trial Started' })));
    await this.told('month entered', count);
  }

  /** Until `size` wait: customers who are not inside get the rows that the engine wrote for others. */
  async fill(size: number): Promise<void> {
    const [row] = await this.hub.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active'`,
      this.journeyId,
    );
    for (let missing = size - row!.count; missing > 0; missing -= PAGE) {
      await this.hub.rows(COPY, this.journeyId, Math.min(missing, PAGE));
    }
    await this.hub.rest(...TABLES);
  }

  /** In turn the time of some comes, and some do what they are waited for to do. */
  async rounds(rounds: number, moved: number): Promise<Record<'due' | 'event', Cost>> {
    const us: Record<'due' | 'event', number[]> = { due: [], event: [] };
    const before = await this.read();
    // The first brings what is asked of into memory.
    for (let round = -1; round < rounds; round++) {
      const due = await this.comeDue(moved);
      const event = await this.convert(moved);
      if (round < 0) continue;
      us.due.push(due);
      us.event.push(event);
    }
    const after = await this.read();
    const all = moved * (rounds + 1);
    return {
      due: { us: median(us.due), entries: (after.due - before.due) / all },
      event: { us: median(us.event), entries: (after.inside - before.inside) / all },
    };
  }

  private async comeDue(count: number): Promise<number> {
    const some = await this.some(count);
    return this.measure('over', count, () =>
      this.hub.rows(
        COME_DUE,
        some.map(({ id }) => id),
      ),
    );
  }

  private async convert(count: number): Promise<number> {
    const some = await this.some(count);
    return this.measure('thank', count, () =>
      this.hub.tell(some.map(({ userId }) => ({ userId, event: 'Trial Converted' }))),
    );
  }

  /** Whom it is to happen to, anywhere among all that wait. @throws RangeError when fewer wait */
  private async some(count: number): Promise<{ id: string; userId: string }[]> {
    const found = await this.hub.rows<{ id: string; userId: string }>(
      `SELECT i.id, n.value AS "userId" FROM (
         SELECT id, person FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active'
         ORDER BY md5(id::text) LIMIT $3) i
       JOIN identity_node n ON n.workspace_id = $1 AND n.person = i.person AND n.namespace = 'user_id'`,
      this.journeyId,
      count,
    );
    if (found.length < count) throw new RangeError(`${found.length} wait, and ${count} are to move`);
    return found;
  }

  /** Microseconds for each until all have taken the step. */
  private async measure(
    step: 'over' | 'thank',
    count: number,
    move: () => Promise<unknown>,
  ): Promise<number> {
    const started = performance.now();
    await move();
    this.ended[step] += count;
    await this.told(`${step} passed`, this.ended[step]);
    return ((performance.now() - started) * 1000) / count;
  }

  /** Resolves when it is told so often. @throws RangeError when it is told more often */
  private async told(of: string, count: number): Promise<void> {
    await this.hub.until(
      `'${of}'`,
      `SELECT sum(count) >= $4 AS done FROM journey_count
       WHERE workspace_id = $1 AND journey_id = $2 AND step || ' ' || what = $3`,
      this.journeyId,
      of,
      count,
    );
    const counted = (await this.hub.counts(this.journeyId)).get(of);
    if (counted !== count) throw new RangeError(`${of}: ${counted} times for ${count}`);
  }

  /** Rows found so far by the indexes of what is due, and of who is inside by person. */
  private async read(): Promise<{ due: number; inside: number }> {
    // Backends tell what they read a second after they did.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const [row] = await this.hub.rows<{ due: number; inside: number }>(
      `SELECT sum(idx_tup_read) FILTER (WHERE indexrelname = 'journey_wait_due')::float8 AS due,
         sum(idx_tup_read) FILTER (WHERE indexrelname = 'journey_inside')::float8 AS inside
       FROM pg_stat_user_indexes WHERE schemaname = 'percorso' AND $1::uuid IS NOT NULL`,
    );
    return row!;
  }
}

const COME_DUE = `
WITH due AS (SELECT date_trunc('milliseconds', clock_timestamp()) AS at), waits AS (
  UPDATE journey_wait SET due_at = due.at FROM due WHERE workspace_id = $1 AND instance_id = ANY($2::uuid[])
)
UPDATE journey_instance SET tokens = jsonb_set(tokens, '{0,wait,due}', to_jsonb((extract(epoch FROM due.at) * 1000)::bigint))
FROM due WHERE workspace_id = $1 AND id = ANY($2::uuid[])`;

/** Each new instance is one of those that wait, of somebody else and due at another time, with its wait and its trace. */
const COPY = `
WITH models AS (
  SELECT row_number() OVER () - 1 AS n, count(*) OVER () AS count, m.* FROM (
    SELECT * FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' ORDER BY id LIMIT 100) m
), fresh AS (
  SELECT row_number() OVER () AS n, uuidv7() AS id, p.person, p.id AS profile_id FROM profile p
  WHERE p.workspace_id = $1 AND p.state = 'active' AND NOT EXISTS (SELECT FROM journey_instance i
    WHERE i.workspace_id = $1 AND i.journey_id = $2 AND i.person = p.person AND i.state = 'active')
  LIMIT $3
), copies AS MATERIALIZED (
  SELECT f.id, f.person, f.profile_id, m.id AS model,
    date_trunc('milliseconds', (SELECT min(due_at) FROM journey_wait w WHERE w.workspace_id = $1 AND w.instance_id = m.id)
      + random() * interval '10 days') AS due_at
  FROM fresh f JOIN models m ON m.n = f.n % m.count
), instances AS (
  INSERT INTO journey_instance (workspace_id, id, journey_id, version, person, home, profile_id, key, state, end_reason,
    entered_at, ended_at, goal_at, holdout, speed, entry, context, tokens, visits, sent, traced, paused_ms)
  SELECT workspace_id, c.id, journey_id, version, c.person, c.person, c.profile_id, key, state, end_reason,
    entered_at, ended_at, goal_at, holdout, speed, entry, context,
    jsonb_set(tokens, '{0,wait,due}', to_jsonb((extract(epoch FROM c.due_at) * 1000)::bigint)), visits, sent, traced, paused_ms
  FROM copies c JOIN journey_instance m ON m.workspace_id = $1 AND m.id = c.model
), traces AS (
  INSERT INTO journey_trace (workspace_id, instance_id, n, at, visit, step, what, next, detail)
  SELECT workspace_id, c.id, n, at, visit, step, what, next, detail
  FROM copies c JOIN journey_trace t ON t.workspace_id = $1 AND t.instance_id = c.model
)
INSERT INTO journey_wait (workspace_id, instance_id, visit, person, due_at)
SELECT workspace_id, c.id, visit, c.person, c.due_at
FROM copies c JOIN journey_wait w ON w.workspace_id = $1 AND w.instance_id = c.model`;

const shown = ({ us, entries }: Cost): string =>
  `${us.toFixed(0).padStart(5)} µs and ${entries.toFixed(1)} index entries each`;

/** 1000000 is 1m, 100000 is 100k. */
const short = (count: number): string =>
  count % 1_000_000 === 0 ? `${count / 1_000_000}m` : count % 1000 === 0 ? `${count / 1000}k` : String(count);

const rounded = (ratio: number): number => Number(ratio.toFixed(3));
