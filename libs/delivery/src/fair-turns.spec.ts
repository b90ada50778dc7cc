import { FairTurns, type Turn } from './fair-turns';

/** Serves turns until nobody waits: each takes up to `batch` of the rows its connector has left. */
function serve(rows: Map<string, number>, batch: number, limit = Infinity): { who: string; rows: number }[] {
  const turns = new FairTurns();
  const parse = (key: string): Turn => {
    const [workspaceId = '', connectorId = ''] = key.split('/');
    return { workspaceId, connectorId };
  };
  for (const key of rows.keys()) turns.add(parse(key));
  const served: { who: string; rows: number }[] = [];
  while (served.length < limit) {
    const turn = turns.next(() => true);
    if (!turn) return served;
    const who = `${turn.workspaceId}/${turn.connectorId}`;
    const left = rows.get(who)!;
    const now = Math.min(batch, left);
    rows.set(who, left - now);
    turns.charge(turn, now);
    served.push({ who, rows: now });
    if (left > now) turns.add(turn);
    else turns.leave(turn);
  }
  return served;
}

describe('turns', () => {
  it('give 1,000 connectors theirs although one has a million rows', () => {
    const rows = new Map([['w/flood', 1e6]]);
    for (let n = 0; n < 999; n++) rows.set(`w/c${n}`, 100);
    const served = serve(rows, 500, 1100);
    const done = served.findLastIndex(({ who }) => who !== 'w/flood');
    const before = served.slice(0, done + 1).filter(({ who }) => who === 'w/flood');
    expect(served.filter(({ who }) => who !== 'w/flood')).toHaveLength(999);
    expect(done).toBeLessThan(1010);
    expect(before.length).toBeLessThan(10);
  });

  it('share rows between workspaces, however many connectors each has', () => {
    const rows = new Map([['small/only', 50_000]]);
    for (let n = 0; n < 50; n++) rows.set(`big/c${n}`, 50_000);
    const served = serve(rows, 500, 100);
    const of = (workspace: string): number =>
      served.filter(({ who }) => who.startsWith(workspace)).reduce((sum, one) => sum + one.rows, 0);
    expect(of('small')).toBe(25_000);
    expect(of('big')).toBe(25_000);
  });

  it('have who takes many rows at a time sit rounds out', () => {
    const turns = new FairTurns();
    const taken = { few: 0, many: 0 };
    const rows = { few: 1, many: 500 };
    for (const connectorId of ['few', 'many']) turns.add({ workspaceId: 'w', connectorId });
    for (let n = 0; n < 600; n++) {
      const turn = turns.next(() => true)!;
      const who = turn.connectorId as 'few' | 'many';
      taken[who]++;
      turns.charge(turn, rows[who]);
      turns.add(turn);
    }
    expect(taken.few).toBeGreaterThan(taken.many * 4);
    expect(taken.many).toBeGreaterThan(50);
  });

  it('skip a workspace that has no room, and go on with it when it has', () => {
    const turns = new FairTurns();
    turns.add({ workspaceId: 'full', connectorId: 'a' });
    turns.add({ workspaceId: 'free', connectorId: 'b' });
    expect(turns.next((workspaceId) => workspaceId !== 'full')).toEqual({
      workspaceId: 'free',
      connectorId: 'b',
    });
    expect(turns.next((workspaceId) => workspaceId !== 'full')).toBeUndefined();
    expect(turns.next(() => true)).toEqual({ workspaceId: 'full', connectorId: 'a' });
  });
});
