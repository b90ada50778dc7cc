import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkPackage } from './package-check';
import { assertIntegrity, integrityOf } from './integrity';
import { pluginTarball, tarballOf, type Entry, type PluginSource } from './testing/packages';
import { digestOf, PACKAGE_LIMITS, unpack } from './unpack';

const root = mkdtempSync(join(tmpdir(), 'percorso-unpack-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, 'p-'));
const PACKAGE: Entry = { path: 'package/package.json', content: '{}' };

describe('unpacking', () => {
  it('writes plain files, readable and without the bits of their author', async () => {
    const directory = fresh();
    await unpack(tarballOf([PACKAGE, { path: 'package/lib/a.js', content: 'a' }]), directory);
    expect(readFileSync(join(directory, 'lib', 'a.js'), 'utf8')).toBe('a');
    expect(statSync(join(directory, 'package.json')).mode & 0o7777).toBe(0o644);
  });

  it.each<[string, Entry]>([
    ['climbs', { path: 'package/../../evil', content: 'x' }],
    ['climbs at once', { path: '../evil', content: 'x' }],
    ['is absolute', { path: '/tmp/percorso-evil', content: 'x' }],
    ['climbs as Windows does', { path: 'package\\..\\..\\evil', content: 'x' }],
    ['names a drive', { path: 'C:/evil', content: 'x' }],
    ['is in no folder', { path: 'evil', content: 'x' }],
    ['is a link', { path: 'package/link', type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    ['is a hard link', { path: 'package/link', type: 'Link', linkpath: 'package/package.json' }],
    ['is a device', { path: 'package/zero', type: 'CharacterDevice' }],
    ['is a disk', { path: 'package/disk', type: 'BlockDevice' }],
    ['is a pipe', { path: 'package/pipe', type: 'FIFO' }],
  ])('refuses an entry that %s, and writes nothing', async (_, entry) => {
    const directory = fresh();
    const tarball = tarballOf([PACKAGE, entry]);
    await expect(unpack(tarball, directory)).rejects.toMatchObject({ code: 'bad-package' });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a bomb before it is unpacked, too many files, and what is no tarball', async () => {
    const bomb = gzipSync(Buffer.alloc(PACKAGE_LIMITS.unpackedBytes + 1));
    expect(bomb.length).toBeLessThan(100_000);
    const crowd = tarballOf(
      Array.from({ length: PACKAGE_LIMITS.files + 1 }, (_, n) => ({ path: `package/${n}` })),
    );
    const cut = gzipSync(Buffer.alloc(700, 1));
    for (const tarball of [bomb, crowd, cut, Buffer.from('no gzip'), tarballOf([]), Buffer.alloc(0)]) {
      const directory = fresh();
      await expect(unpack(tarball, directory)).rejects.toMatchObject({ code: 'bad-package' });
      expect(readdirSync(directory)).toEqual([]);
    }
    await expect(unpack(Buffer.alloc(PACKAGE_LIMITS.tarballBytes + 1), fresh())).rejects.toMatchObject({
      code: 'bad-package',
    });
  });

  it('has a digest that any change to the files changes', async () => {
    const [one, other] = [fresh(), fresh()];
    for (const directory of [one, other]) await unpack(pluginTarball(), directory);
    const digest = await digestOf(one);
    expect(await digestOf(other)).toBe(digest);
    writeFileSync(join(other, 'index.js'), ' ', { flag: 'a' });
    expect(await digestOf(other)).not.toBe(digest);
    writeFileSync(join(one, 'more.js'), '');
    expect(await digestOf(one)).not.toBe(digest);
  });
});

describe('integrity', () => {
  const bytes = Buffer.from('a package');

  it('takes the promised bytes, also where weaker hashes stand beside', () => {
    const sha512 = integrityOf(bytes);
    expect(assertIntegrity(bytes, `sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= ${sha512}`)).toBe(sha512);
  });

  it.each([
    undefined,
    'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
    'sha512-short',
    integrityOf(Buffer.from('another')),
  ])('refuses %s', (promised) =>
    expect(() => assertIntegrity(bytes, promised)).toThrow(expect.objectContaining({ code: 'integrity' })),
  );
});

describe('a package', () => {
  const check = async (source: PluginSource) => {
    const directory = fresh();
    await unpack(pluginTarball(source), directory);
    return checkPackage(directory);
  };
  const dependsOn = (...names: string[]): object => ({
    dependencies: Object.fromEntries(names.map((name) => [name, '1.0.0'])),
  });

  it('is read without running it', async () => {
    expect(await check({ code: 'throw new Error("it ran")' })).toMatchObject({
      package: 'percorso-plugin-texts',
      version: '1.0.0',
      main: 'index.js',
      manifest: { id: 'texts' },
    });
  });

  it.each<[string, PluginSource, RegExp]>([
    ['no keyword', { packageJson: { keywords: [] } }, /keyword/],
    ['a version that is none', { packageJson: { version: 'latest' } }, /exact version/],
    ['a main that is not there', { packageJson: { main: 'dist/none.js' } }, /"main"/],
    ['a main elsewhere', { packageJson: { main: '../../etc/passwd' } }, /"main"/],
    [
      'a dependency that is not bundled',
      { packageJson: dependsOn('lodash', 'axios') },
      /depends on lodash, which/,
    ],
    ['a dependency whose name climbs', { packageJson: dependsOn('../../x') }, /depends on \.\.\/\.\.\/x/],
    [
      'a bundled package that lacks its own',
      {
        packageJson: dependsOn('a'),
        files: [{ path: 'package/node_modules/a/package.json', content: JSON.stringify(dependsOn('b')) }],
      },
      /depends on b, which/,
    ],
    [
      'a kit of its own',
      { files: [{ path: 'package/node_modules/@percorso/plugin-kit/package.json', content: '{}' }] },
      /bundles @percorso\/plugin-kit/,
    ],
  ])('is refused with %s', async (_, source, reason) => {
    await expect(check(source)).rejects.toMatchObject({
      code: 'bad-package',
      detail: expect.stringMatching(reason),
    });
  });

  it('may bring what it depends on', async () => {
    const files = ['a', 'a/node_modules/b'].map((name) => ({
      path: `package/node_modules/${name}/package.json`,
      content: JSON.stringify(name === 'a' ? dependsOn('b') : {}),
    }));
    expect(await check({ packageJson: dependsOn('a'), files })).toMatchObject({ version: '1.0.0' });
  });
});
