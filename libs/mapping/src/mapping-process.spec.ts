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
});
