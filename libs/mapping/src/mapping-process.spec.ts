import { readFileSync } from 'node:fs';
import type { ChildAnswer } from './child-protocol';
import { MappingProcess } from './mapping-process';

describe('MappingProcess', () => {
  it('runs without the environment and under the permission model', async () => {
    const process = new MappingProcess({ hardMs: 1000, memoryBytes: 1e9 });
    const answer = await new Promise<ChildAnswer>((resolve) =>
      process.request({ kind: 'check', expression: '1' }, resolve),
    );
    process.rest();
    const names = readFileSync(`/proc/${process.pid}/environ`, 'utf8').split('\0').filter(Boolean);
    const command = readFileSync(`/proc/${process.pid}/cmdline`, 'utf8');
    process.kill('mapping-crashed');
    expect(answer).toEqual({ kind: 'checked', errors: [] });
    expect(names.filter((name) => !name.startsWith('NODE_CHANNEL_'))).toEqual([]);
    expect(command).toMatch(/--(experimental-)?permission/);
    expect(await process.died).toBe('mapping-crashed');
  });

  it('counts the rows of a request, and none of the request before that is read late', async () => {
    const process = new MappingProcess({ hardMs: 10_000, memoryBytes: 1e9 });
    const map = (rows: number): Promise<void> =>
      new Promise((resolve) =>
        process.request(
          {
            kind: 'map',
            expression: 'a',
            documents: JSON.stringify(Array.from({ length: rows }, (_, a) => ({ a }))),
            seeds: [],
            at: [],
            timeoutMs: 1000,
            careful: true,
            stockOnly: false,
          },
          (answer) => {
            if (answer.kind !== 'rows' || !answer.done) return;
            process.rest();
            resolve();
          },
        ),
      );
    for (let round = 0; round < 50; round++) {
      await map(200);
      await map(3);
      while (process.started < 3) await new Promise((resolve) => setImmediate(resolve));
      expect(process.started).toBe(3);
    }
    process.kill('mapping-crashed');
    await process.died;
  });
});
