import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendLogStore, countEvents } from './append-log.store';
import { median } from './bench';

describe('what benches share', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('the peer log holds what was appended, and a torn end is noticed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'percorso-log-'));
    const path = join(folder, 'log');
    const store = await AppendLogStore.open(path);
    const entry = { sourceId: 's', receivedAt: new Date(), payload: Buffer.from('[1,2]'), count: 2 };
    expect(await store.append('w', 0, [entry, entry])).toBe(1);
    expect(await store.append('w', 0, [entry])).toBe(5);
    await store.close();
    const bytes = readFileSync(path);
    expect(countEvents(bytes)).toBe(6);
    expect(() => countEvents(bytes.subarray(0, -1))).toThrow();
    rmSync(folder, { recursive: true });
  });
});
