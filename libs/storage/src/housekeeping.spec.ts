import { type Clock, ManualClock } from '@percorso/kernel';
import type { Database } from './database';
import { Housekeeping } from './housekeeping';

/** Rows by workspace, of which one cannot be reached. */
class Kept extends Housekeeping {
  readonly asked: string[] = [];

  constructor(
    private readonly rows: Record<string, number>,
    clock: Clock,
  ) {
    super({ workspaceIds: async () => Object.keys(rows) } as Partial<Database> as Database, clock, 24);
  }

  protected async forgetSome(workspaceId: string, before: Date, limit: number): Promise<number> {
    this.asked.push(`${workspaceId} ${before.toISOString()}`);
    const rows = this.rows[workspaceId]!;
    if (rows < 0) throw new RangeError(`${workspaceId} cannot be reached`);
    const some = Math.min(rows, limit);
    this.rows[workspaceId] = rows - some;
    return some;
  }
}

describe('Housekeeping', () => {
  const clock = new ManualClock(new Date('2026-03-02T10:00:00Z'));
  const BEFORE = '2026-03-01T10:00:00.000Z';

  it('forgets all that is old enough, some rows at a time', async () => {
    const kept = new Kept({ a: 12_000, b: 0 }, clock);
    expect(await kept.forget()).toBe(12_000);
    expect(kept.asked).toEqual([`a ${BEFORE}`, `a ${BEFORE}`, `a ${BEFORE}`, `b ${BEFORE}`]);
  });

  it('goes on after a workspace that failed, and tells of it', async () => {
    const kept = new Kept({ a: -1, b: 7 }, clock);
    await expect(kept.forget()).rejects.toThrow('a cannot be reached');
    expect(kept.asked).toHaveLength(2);
  });

  it('stops between two transactions when it is to', async () => {
    const kept = new Kept({ a: 12_000, b: 1 }, clock);
    await kept.forget(() => kept.asked.length === 2);
    expect(kept.asked).toHaveLength(2);
  });
});
