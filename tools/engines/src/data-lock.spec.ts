import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockData } from './data-lock';
import { temporaryFolder } from './fixtures';
import { identifyProcess } from './process-table';

describe('data lock', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'redis.lock');
  beforeAll(() => mkdirSync(folder.path, { recursive: true }));
  afterAll(() => folder.remove());

  it('is refused while held, with the holder named, and free again once released', () => {
    const lock = lockData('redis', folder.path);
    expect(() => lockData('redis', folder.path)).toThrow(
      `Redis's data in ${folder.path} is in use by process ${process.pid}`,
    );
    lock.release();
    lockData('redis', folder.path).release();
  });

  it('is taken over from a dead owner, even when its pid serves another process now', () => {
    writeFileSync(file, JSON.stringify({ owner: { pid: process.pid, born: 'another life' } }));
    const lock = lockData('redis', folder.path);
    expect(lock.orphan).toBeUndefined();
    lock.release();
  });

  it('tells which engine a dead owner left running', () => {
    const engine = identifyProcess(process.ppid);
    writeFileSync(file, JSON.stringify({ owner: { pid: 1, born: 'long ago' }, engine }));
    const lock = lockData('redis', folder.path);
    expect(lock.orphan).toEqual(engine);
    lock.release();
  });

  it('is taken over when a crash left it unreadable', () => {
    writeFileSync(file, '{"own');
    expect(() => lockData('redis', folder.path)).not.toThrow();
  });
});
