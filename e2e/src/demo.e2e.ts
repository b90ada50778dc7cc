import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@percorso/demo';

const MAIN = join(__dirname, '..', '..', 'tools', 'demo', 'dist', 'main.js');

/** Processes of this machine whose command line or working data names `folder`. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const said =
          readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
        return said.includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe('the demo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso demo-'));
  let running: ChildProcess | undefined;

  afterAll(() => {
    if (running?.pid && running.exitCode === null) process.kill(-running.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function run(): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
    let text = '';
    const child = spawn(process.execPath, [MAIN, '--once', '--customers', '250', '--data-dir', folder], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: '0' },
    });
    running = child;
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { child, output: () => text, ended };
  }

  it('killed in the middle leaves no process behind, and the next one reconciles', async () => {
    const first = run();
    await poll(
      async () => first.output(),
      (text) => /\n.*4\. Connectors/.test(text),
      { what: 'the demo to reach its syncs', timeoutMs: 90_000, everyMs: 50 },
    );
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;
    await poll(
      async () => processesOf(folder),
      (pids) => pids.length === 0,
      { what: 'every process of the demo to end', timeoutMs: 15_000 },
    );
    const second = run();
    const code = await second.ended;
    expect(second.output()).toMatch(/(\d+) of \1 checks held/);
    expect(second.output()).not.toContain(' FAIL ');
    expect(code).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });
});
