import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadMasterKeys } from './master-keys';
import { SecretBox } from './secret-box';

const place = { workspaceId: 'w1', table: 'connector', row: 'r1', column: 'secrets.password' };
const file = (): string => join(mkdtempSync(join(tmpdir(), 'percorso-keys-')), 'deep', 'master.json');

describe('SecretBox', () => {
  it('opens what it sealed, never twice the same bytes', () => {
    const box = new SecretBox(loadMasterKeys(file()));
    const sealed = box.seal('correct horse', place);
    expect(box.open(sealed, place)).toBe('correct horse');
    expect(box.seal('correct horse', place).data).not.toBe(sealed.data);
    expect(JSON.stringify(sealed)).not.toContain('horse');
  });

  it.each([{ workspaceId: 'w2' }, { table: 'other' }, { row: 'r2' }, { column: 'secrets.token' }])(
    'does not open a value moved to %j',
    (moved) => {
      const box = new SecretBox(loadMasterKeys(file()));
      const sealed = box.seal('correct horse', place);
      expect(() => box.open(sealed, { ...place, ...moved })).toThrow('changed or moved');
    },
  );

  it('does not open a changed value, nor one with a shortened tag', () => {
    const box = new SecretBox(loadMasterKeys(file()));
    const sealed = box.seal('correct horse', place);
    const data = Buffer.from(sealed.data, 'base64');
    data[0] = (data[0] ?? 0) ^ 1;
    expect(() => box.open({ ...sealed, data: data.toString('base64') }, place)).toThrow('changed or moved');
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(() => box.open({ ...sealed, tag }, place)).toThrow('changed or moved');
  });

  it('seals with the current key and opens with former ones', () => {
    const path = file();
    const before = loadMasterKeys(path);
    const sealed = new SecretBox(before).seal('correct horse', place);
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { keys: Record<string, string> };
    const keys = { ...stored.keys, k2: randomBytes(32).toString('base64') };
    writeFileSync(path, JSON.stringify({ current: 'k2', keys }));
    const after = new SecretBox(loadMasterKeys(path));
    expect(after.open(sealed, place)).toBe('correct horse');
    expect(after.isStale(sealed)).toBe(true);
    expect(after.seal('x', place).keyId).toBe('k2');
    writeFileSync(path, JSON.stringify({ current: 'k2', keys: { k2: keys.k2 } }));
    expect(() => new SecretBox(loadMasterKeys(path)).open(sealed, place)).toThrow(before.current);
  });
});

describe('loadMasterKeys', () => {
  it('makes a file only its owner reads, and keeps it', () => {
    const path = file();
    const first = loadMasterKeys(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadMasterKeys(path)).toEqual(first);
  });

  it.each(['', '{}', '{"current":"a","keys":{"a":"c2hvcnQ="}}'])('refuses %j', (text) => {
    const path = join(mkdtempSync(join(tmpdir(), 'percorso-keys-')), 'master.json');
    writeFileSync(path, text);
    expect(() => loadMasterKeys(path)).toThrow('PERCORSO_MASTER_KEY_FILE');
  });
});
