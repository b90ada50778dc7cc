import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

interface Ended {
  code: number | null;
  output: string;
}

function run(command: string, args: string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // The environment of this jest would make the other one a worker of it.
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    const child = spawn(command, args, { cwd, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

const generate = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join('tools', 'new-plugin', 'new-plugin.mjs'), ...args], ROOT);
const bin = (name: string): string => join('node_modules', '.bin', name);

/** As `npm install` would leave it: what is declared is there, and no more. */
function install(folder: string): void {
  const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const modules = join(folder, 'node_modules');
  for (const name of [...Object.keys(devDependencies), '.bin']) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
}

describe('npm run new:plugin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso new plugin-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.concurrent.each(['messaging', 'campaign', 'service'])(
    'writes a %s plugin that builds and passes its own exam, in any folder',
    async (kind) => {
      const place = join(folder, kind);
      const made = await generate('--kind', kind, '--id', 'acme-one', '--dir', place);
      expect(made).toMatchObject({ code: 0, output: expect.stringContaining('npm install') });
      const code = readFileSync(join(place, 'src', 'index.ts'), 'utf8');
      expect(code.split('\n').length).toBeLessThan(60);
      install(place);
      expect(await run(bin('tsc'), ['-p', '.'], place)).toEqual({ code: 0, output: '' });
      expect(existsSync(join(place, 'dist', 'index.js'))).toBe(true);
      const { code: passed, output } = await run(bin('jest'), [], place);
      expect(output).toMatch(/Exam of acme-one: (\d+) of \1 answers are right \(100 %\)/);
      expect(passed).toBe(0);
      expect(
        readdirSync(join(place, 'src')).join() + code + readFileSync(join(place, 'package.json'), 'utf8'),
      ).not.toContain('__');
    },
    120_000,
  );

  it.each([
    [['--kind', 'files', '--id', 'acme'], '--kind must be one of messaging, campaign, service.'],
    [['--kind', 'messaging', '--id', 'Acme Inc'], '--id must be in kebab-case'],
    [['--kind', 'messaging'], '--id must be in kebab-case'],
    [['--kind', 'messaging', '--id', 'acme', '--name', '`${1}`'], '--name must be letters'],
    [['--kind', 'messaging', '--id', 'smtp'], 'is not empty'],
    [['--what'], "Unknown option '--what'"],
  ])('refuses %j', async (args, reason) => {
    expect(await generate(...args)).toMatchObject({ code: 2, output: expect.stringContaining(reason) });
  });
});
