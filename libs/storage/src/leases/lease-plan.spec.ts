import fc from 'fast-check';
import { type LeaseKey, type LeaseRow, type LiveWorker, planLeases } from './lease-plan';

const both = ['apply', 'stream'];
const keyOf = ({ workspaceId, kind, partition }: LeaseKey): string => `${workspaceId} ${kind} ${partition}`;

function leasesOf(workspaces: number, partitions: number): LeaseRow[] {
  return Array.from({ length: workspaces }, (_, number) => `w${String(number).padStart(3, '0')}`).flatMap(
    (workspaceId) => [
      { workspaceId, kind: 'apply' as const, partition: 0, owner: null },
      ...Array.from({ length: partitions }, (_, partition) => ({
        workspaceId,
        kind: 'stream' as const,
        partition,
        owner: null,
      })),
    ],
  );
}

/** Every worker looks in turn, as often as it takes until nobody wants anything; how many leases changed hands. */
function settle(workers: readonly LiveWorker[], leases: LeaseRow[]): number {
  const alive = new Set(workers.map(({ id }) => id));
  let moves = 0;
  for (const lease of leases) if (lease.owner !== null && !alive.has(lease.owner)) lease.owner = null;
  for (let quiet = 0, rounds = 0; quiet < workers.length; rounds++) {
    if (rounds > 1000) throw new RangeError('it never settles');
    const me = workers[rounds % workers.length]!.id;
    const { claim, release } = planLeases(me, workers, leases);
    quiet = claim.length + release.length === 0 ? quiet + 1 : 0;
    const [claimed, released] = [new Set(claim.map(keyOf)), new Set(release.map(keyOf))];
    for (const lease of leases) {
      if (released.has(keyOf(lease))) lease.owner = null;
      if (claimed.has(keyOf(lease)) && lease.owner === null) [lease.owner, moves] = [me, moves + 1];
    }
  }
  return moves;
}

const counts = (workers: readonly LiveWorker[], leases: readonly LeaseRow[]): number[] =>
  workers.map(({ id }) => leases.filter(({ owner }) => owner === id).length);

const spread = (numbers: readonly number[]): number => Math.max(...numbers) - Math.min(...numbers);

const workersOf = (...ids: string[]): LiveWorker[] => ids.map((id) => ({ id, kinds: both }));

describe('planLeases', () => {
  it('gives each the same, of every workspace and over all of them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 16 }),
        (processes, workspaces, partitions) => {
          const workers = workersOf(...Array.from({ length: processes }, (_, index) => `p${index}`));
          const leases = leasesOf(workspaces, partitions);
          settle(workers, leases);
          expect(leases.every(({ owner }) => owner !== null)).toBe(true);
          for (const kind of ['apply', 'stream']) {
            const ofKind = leases.filter((lease) => lease.kind === kind);
            expect(spread(counts(workers, ofKind))).toBeLessThanOrEqual(1);
            for (const { workspaceId } of ofKind) {
              const own = ofKind.filter((lease) => lease.workspaceId === workspaceId);
              expect(spread(counts(workers, own))).toBeLessThanOrEqual(1);
            }
          }
        },
      ),
      { seed: Number(process.env.PERCORSO_SEED), numRuns: 200 },
    );
  });

  it('moves only what has to: the share of who died, a share for who came', () => {
    const leases = leasesOf(1, 8).filter(({ kind }) => kind === 'stream');
    settle(workersOf('a', 'b'), leases);
    expect(settle(workersOf('a', 'b', 'c'), leases)).toBe(2);
    expect(counts(workersOf('a', 'b', 'c'), leases).sort()).toEqual([2, 3, 3]);
    const kept = leases.filter(({ owner }) => owner === 'b').map(keyOf);
    expect(settle(workersOf('b', 'c'), leases)).toBeLessThanOrEqual(4);
    expect(leases.filter(({ owner }) => owner === 'b').map(keyOf)).toEqual(expect.arrayContaining(kept));
    expect(counts(workersOf('b', 'c'), leases)).toEqual([4, 4]);
  });

  it('gives everything back of work it takes no part in any more', () => {
    const leases = leasesOf(2, 4);
    settle(workersOf('a'), leases);
    const left = [{ id: 'a', kinds: ['apply'] }, ...workersOf('b')];
    expect(planLeases('a', left, leases).release.filter(({ kind }) => kind === 'stream')).toHaveLength(8);
  });
});
