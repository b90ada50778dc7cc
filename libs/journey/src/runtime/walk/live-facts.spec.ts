import type { ProfileReader } from '@percorso/profile';
import type { PersonConditions } from '@percorso/segmentation';
import type { Database } from '@percorso/storage';
import type { ProfileCondition } from '../../definition/definition';
import { LiveFacts } from './live-facts';

describe('facts of a turn', () => {
  it('are told in the order in which they were asked, of a few persons and one condition at a time', async () => {
    const conditions = ['odd', 'third'].map(
      (path) => ({ trait: { path, op: 'exists' } }) as unknown as ProfileCondition,
    );
    const truth = (condition: unknown, person: number): boolean =>
      person % (condition === conditions[0] ? 2 : 3) === 1;
    const calls: { person: number; condition: unknown }[][] = [];
    const holds: PersonConditions['holds'] = (_, asked) => {
      calls.push([...asked]);
      return Promise.resolve(asked.map(({ condition, person }) => truth(condition, person)));
    };
    const database = { tx: (_: string, work: (tx: object) => unknown) => work({}) };
    const facts = new LiveFacts(
      database as unknown as Database,
      { holds } as PersonConditions,
      {} as ProfileReader,
    ).of('workspace');
    const asked = Array.from({ length: 250 }, (_, person) =>
      conditions.map((condition) => ({ person, condition, at: 0 })),
    ).flat();
    expect(await facts.holds(asked)).toEqual(asked.map(({ condition, person }) => truth(condition, person)));
    expect(calls.flat()).toHaveLength(500);
    for (const call of calls) {
      expect(call.length).toBeLessThanOrEqual(100);
      expect(new Set(call.map(({ condition }) => condition)).size).toBe(1);
    }
  });
});
