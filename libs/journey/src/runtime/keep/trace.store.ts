import type { Transaction } from '@percorso/storage';
import type { Instance } from '../../engine/instance';
import type { TraceEntry } from '../../engine/protocol';
import type { Moved, Refusal } from '../walk/turn';
import { storableJson } from './storable-json';

/** What happened to instances, line by line. */
export function keepTrace(tx: Transaction, moved: readonly Moved[]): void {
  const lines = moved.flatMap(({ instance, traced, trace }) =>
    trace.map((line, index) => ({ ...line, instanceId: instance.id, n: traced + index + 1 })),
  );
  if (lines.length === 0) return;
  tx.send(
    `INSERT INTO journey_trace (workspace_id, instance_id, n, at, visit, step, what, next, detail)
     SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::int[], $6::text[], $7::text[], $8::text[],
       $9::jsonb[])`,
    [
      tx.workspaceId,
      lines.map(({ instanceId }) => instanceId),
      lines.map(({ n }) => n),
      lines.map(({ at }) => new Date(at)),
      lines.map(({ visit }) => visit),
      lines.map(({ step }) => step),
      lines.map(({ what }) => what),
      lines.map(({ next }) => next ?? null),
      lines.map(({ detail }) => (detail ? storableJson(detail) : null)),
    ],
  );
}

export function keepRefusals(tx: Transaction, refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  tx.send(
    `INSERT INTO journey_refusal (workspace_id, journey_id, person, at, version, code)
     SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::int[], $6::text[])`,
    [
      tx.workspaceId,
      refusals.map(({ journeyId }) => journeyId),
      refusals.map(({ person }) => person),
      refusals.map(({ at }) => new Date(at)),
      refusals.map(({ version }) => version),
      refusals.map(({ code }) => code),
    ],
  );
}

/** Something that is counted: of a step, or of the journey itself, whose step is ''. */
interface Counted {
  journeyId: string;
  version: number;
  person: number;
  step: string;
  what: string;
}

/** What is counted of what happened, once for each time. */
export function counted(
  moved: readonly {
    instance: Instance;
    fresh: boolean;
    enteredVersion: number;
    trace: readonly TraceEntry[];
  }[],
  refusals: readonly Refusal[],
): Counted[] {
  const all: Counted[] = [];
  for (const { instance, fresh, enteredVersion, trace } of moved) {
    const { journeyId, version, person, holdout, goalUntil } = instance;
    const add = (step: string, what: string): void =>
      void all.push({ journeyId, version, person, step, what });
    // Conversion is of those who entered a version, wherever they went from there.
    const converts = (what: string): void => {
      all.push({ journeyId, version: enteredVersion, person, step: '', what });
      if (holdout)
        all.push({ journeyId, version: enteredVersion, person, step: '', what: `holdout-${what}` });
    };
    if (fresh && holdout) add('', 'holdout');
    if (fresh && goalUntil !== null) converts('window');
    for (const { step, what } of trace) {
      if (what === 'goal') converts('goal');
      else add(step, what);
      if (what === 'ended') add('', `ended:${instance.endReason ?? 'completed'}`);
    }
  }
  for (const { journeyId, version, person, code } of refusals) {
    all.push({ journeyId, version, person, step: '', what: `refused:${code}` });
  }
  return all;
}

/** How often what happened, by partition. */
export function keepCounts(
  tx: Transaction,
  moved: readonly Moved[],
  refusals: readonly Refusal[],
  of: number,
): void {
  const counts = new Map<string, Omit<Counted, 'person'> & { partition: number; count: number }>();
  for (const { journeyId, version, person, step, what } of counted(moved, refusals)) {
    const partition = person % of;
    const key = `${journeyId} ${version} ${partition} ${what} ${step}`;
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { journeyId, version, step, what, partition, count: 1 });
  }
  // In one order, so that no two transactions wait for one another.
  const rows = [...counts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
  if (rows.length === 0) return;
  tx.send(
    `INSERT INTO journey_count AS c (workspace_id, journey_id, version, step, what, partition, count)
     SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::smallint[], $7::bigint[])
     ON CONFLICT (workspace_id, journey_id, version, step, what, partition)
       DO UPDATE SET count = c.count + excluded.count`,
    [
      tx.workspaceId,
      rows.map(({ journeyId }) => journeyId),
      rows.map(({ version }) => version),
      rows.map(({ step }) => step),
      rows.map(({ what }) => what),
      rows.map(({ partition }) => partition),
      rows.map(({ count }) => count),
    ],
  );
}
