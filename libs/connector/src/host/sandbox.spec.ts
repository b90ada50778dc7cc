import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advisorySandbox, bestSandbox, foldersOf, type Command, type Sandbox } from './sandbox';

const folder = mkdtempSync(join(tmpdir(), 'percorso-sandbox-'));
writeFileSync(join(folder, 'code.js'), '1');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Node, with no permission flags and nothing locked down, finds out within. */
const EXPLORE = `
const fs = require('node:fs');
const net = require('node:net');
const code = (deed) => { try { deed(); return 'done'; } catch (error) { return error.code; } };
const reach = (...where) => new Promise((resolve) =>
  net.connect(...where).on('connect', () => resolve('done')).on('error', (error) => resolve(error.code)));
(async () => {
  const [port, socket, folder] = process.argv.slice(1);
  console.log(JSON.stringify({
    pid: process.pid,
    files: fs.readdirSync('/').sort(),
    passwd: code(() => fs.readFileSync('/etc/passwd')),
    own: code(() => fs.readFileSync(folder + '/code.js')),
    changeOwn: code(() => fs.writeFileSync(folder + '/code.js', '2')),
    write: code(() => fs.writeFileSync('/x', '')),
    processes: fs.existsSync('/proc/1') ? fs.readdirSync('/proc').filter((name) => Number(name)).length : 1,
    signal: code(() => process.kill(2, 0)),
    network: await reach(Number(port), '127.0.0.1'),
    outside: await reach(53, '192.0.2.1'),
    unix: await reach({ path: socket }),
    interfaces: Object.keys(require('node:os').networkInterfaces()),
    children: code(() => require('node:child_process').execFileSync('/bin/sh', ['-c', 'true'])),
  }));
})();`;

function run({ command }: Sandbox, code: string, ...rest: string[]): Record<string, unknown> {
  const { file, args } = command(['-e', code, ...rest], [folder]);
  return JSON.parse(execFileSync(file, args, { env: {}, cwd: '/', encoding: 'utf8' })) as Record<
    string,
    unknown
  >;
}

function printed({ file, args }: Command): string {
  return spawnSync(file, args, { env: {}, cwd: '/', encoding: 'utf8' }).stdout;
}

const sandbox = bestSandbox();

/** A process that is not there. */
const PARENT = -1;

// Where the kernel refuses, there is no such sandbox to look at from within: the problem is what there is to see.
const enforced = sandbox.isolation === 'enforced';

describe('an enforced sandbox', () => {
  it('has no network, no other processes, and no files but its code', async () => {
    if (!enforced) return expect(sandbox.problem).toMatch(/unshare|namespaces/);
    const server = createServer().listen(0, '127.0.0.1');
    const unix = createServer().listen(join(folder, 'hub.sock'));
    await Promise.all([server, unix].map((one) => new Promise((resolve) => one.once('listening', resolve))));
    const elsewhere = mkdtempSync(join(tmpdir(), 'percorso-elsewhere-'));
    const hidden = createServer().listen(join(elsewhere, 'hub.sock'));
    await new Promise((resolve) => hidden.once('listening', resolve));
    const port = String((server.address() as AddressInfo).port);
    const found = run(sandbox, EXPLORE, port, join(elsewhere, 'hub.sock'), folder);
    for (const one of [server, unix, hidden]) one.close();
    rmSync(elsewhere, { recursive: true, force: true });
    expect(found).toMatchObject({
      pid: 1,
      passwd: 'ENOENT',
      own: 'done',
      changeOwn: 'EROFS',
      write: 'EROFS',
      processes: 1,
      signal: 'ESRCH',
      network: expect.stringMatching(/^E(NETUNREACH|CONNREFUSED)$/),
      outside: 'ENETUNREACH',
      unix: 'ENOENT',
      interfaces: [],
      children: 'ENOENT',
    });
    expect(found['files']).not.toContain('etc');
  });

  it('ends with the process that made it, whatever the guest does', async () => {
    if (!enforced) return expect(sandbox.problem).toMatch(/unshare|namespaces/);
    const code = ['-e', 'setInterval(() => undefined, 1000)', folder];
    const { file, args } = sandbox.command(code, [folder], PARENT);
    const middle = spawn(
      process.execPath,
      [
        '-e',
        `const args = JSON.parse(process.argv[1]).map((arg) => arg === '${PARENT}' ? String(process.pid) : arg);
         require('node:child_process').spawn(${JSON.stringify(file)}, args, {env: {}, cwd: '/', detached: true, stdio: 'ignore'});
         setInterval(() => undefined, 1000); console.log('up')`,
        JSON.stringify(args),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const guests = (): number => processesWith(folder).length;
    await new Promise((resolve) => middle.stdout.once('data', resolve));
    await until(() => guests() >= 3);
    middle.kill('SIGKILL');
    await until(() => guests() === 0);
  });

  it('has no guest once a process on the way to it is gone', () => {
    if (!enforced) return expect(sandbox.problem).toMatch(/unshare|namespaces/);
    const { file, args } = sandbox.command(['-e', 'console.log("guest")'], []);
    const unshare = args.findIndex((arg) => arg.endsWith('/unshare'));
    args.splice(unshare, 0, '/bin/sh', '-c', '"$@"; exit 0', 'sh');
    return expect(printed({ file, args })).toBe('');
  });
});

describe.each([
  ['the best', sandbox],
  ['an advisory', advisorySandbox('')],
])('%s sandbox', (_, { command }) => {
  const code = ['-e', 'console.log("guest")'];

  it('has a guest', () => expect(printed(command(code, []))).toBe('guest\n'));

  // The kernel tells of a death only whoever has asked before it, and Node alone cannot ask.
  it('has none once its parent is gone', () => {
    const begun = command(code, [], PARENT);
    expect(printed(begun)).toBe(begun.file === process.execPath ? 'guest\n' : '');
  });
});

it('says what there is, and why there is no more', () => {
  expect(['enforced', 'advisory']).toContain(sandbox.isolation);
  expect(sandbox.problem === null).toBe(sandbox.isolation === 'enforced');
});

it('is shown few folders: packages as a whole, none within another', () => {
  expect(
    foldersOf([
      '/a/node_modules/x',
      '/a/node_modules/@s/y/node_modules/z',
      '/a/libs/k',
      '/a/libs/k/dist',
      '/p/one',
    ]),
  ).toEqual(['/a/libs/k', '/a/node_modules', '/p/one']);
});

/** Processes that were started with these words, the one that starts them among them. */
function processesWith(words: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return Number(pid) > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(words);
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
