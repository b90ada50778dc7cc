import { bareInserts } from './journeys-bare';
import type { JourneysHub } from './journeys-hub';
import { winBack } from './journeys-shop';

interface Read {
  id: string;
  startedAt: Date;
}

/** An audience of all customers read by the hub, against what PostgreSQL takes of the same rows by bare INSERTs. */
export async function measureRead(
  hub: JourneysHub,
  databaseUrl: string,
  sample: number,
): Promise<Record<string, number>> {
  await hub.rest('journey_instance', 'journey_wait', 'journey_trace', 'membership');
  const journeyId = await hub.journey('Win back', winBack(hub.audienceId));
  // From when the schedule is known on, each evaluation begins a read.
  await hub.until(
    'the schedule',
    'SELECT count(*) > 0 AS done FROM journey_schedule WHERE workspace_id = $1',
  );
  await hub.evaluate(hub.customers);
  const seconds = await readAll(hub, journeyId);
  await assertAll(hub, journeyId);
  const rate = hub.customers / seconds;
  const bare = await bareInserts(databaseUrl, hub.workspaceId, journeyId, Math.min(sample, hub.customers));
  const [ours, peer] = [rate, bare].map((value) => Math.round(value).toLocaleString('en'));
  const ratio = rate / bare;
  console.log(
    `${hub.customers.toLocaleString('en')} members read at ${ours} profiles/s   bare INSERTs of their rows ${peer} profiles/s   ` +
      `ratio ${ratio.toFixed(2)}`,
  );
  return { read_profiles_per_s: Math.round(rate), read_vs_bare_inserts: Number(ratio.toFixed(3)) };
}

/** Seconds from the beginning of the read until its last page is kept. */
async function readAll(hub: JourneysHub, journeyId: string): Promise<number> {
  const of = 'FROM journey_read WHERE workspace_id = $1 AND journey_id = $2';
  await hub.until('the read', `SELECT count(ended_at) > 0 AS done ${of}`, journeyId);
  const ended = Date.now();
  const [read, ...more] = await hub.rows<Read>(`SELECT id, started_at AS "startedAt" ${of}`, journeyId);
  if (!read || more.length > 0) throw new RangeError(`${1 + more.length} reads`);
  return (ended - read.startedAt.getTime()) / 1000;
}

/** @throws RangeError unless every customer entered once and took each step once */
async function assertAll(hub: JourneysHub, journeyId: string): Promise<void> {
  const [row] = await hub.rows<Record<'persons' | 'instances' | 'walking' | 'waits', number>>(
    `SELECT count(DISTINCT person)::int AS persons, count(*)::int AS instances,
       (count(*) FILTER (WHERE NOT holdout))::int AS walking, (SELECT count(*)::int FROM journey_wait w
         JOIN journey_instance v ON v.workspace_id = w.workspace_id AND v.id = w.instance_id
         WHERE w.workspace_id = $1 AND v.journey_id = $2 AND NOT v.holdout) AS waits
     FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2`,
    journeyId,
  );
  const counts = await hub.counts(journeyId);
  const of = (...names: string[]): number => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const { persons, instances, walking, waits } = row!;
  const walked = [of('arms passed'), of('a-day entered', 'two-days entered'), waits];
  const all = [persons, instances, of(' entered')];
  if (all.some((count) => count !== hub.customers) || walked.some((count) => count !== walking))
    throw new RangeError(`${JSON.stringify([row, [...counts]])} for ${hub.customers} members`);
}
