import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, processesOf, untilNoneOf } from './command';

/** One data folder for all: what one telling leaves behind, the next one finds. */
describe('the demo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso demo-'));
  let running: Command | undefined;

  afterEach(async () => {
    running?.signalGroup('SIGKILL');
    await untilNoneOf(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const demo = (...flags: string[]): Command =>
    (running = new Command(['run', 'demo', '--', '--customers', '250', ...flags], {
      PERCORSO_DATA_DIR: folder,
      PORT: '0',
    }));

  const expectReconciled = (output: string): void => {
    expect(output).toMatch(/\n([1-9]\d*) of \1 checks held/);
    expect(output).not.toContain(' FAIL ');
  };

  it('killed in the middle leaves no process behind, and the next one reconciles', async () => {
    const first = demo('--once');
    await first.says(/\n.*4\. Connectors/);
    expect(processesOf(folder).length).toBeGreaterThan(5);
    first.signalGroup('SIGKILL');
    await untilNoneOf(folder);
    const second = demo('--once');
    const code = await second.end();
    expectReconciled(second.output);
    expect(code).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  it('keeps the hub running, what it says to try works, and Ctrl-C stops everything', async () => {
    const command = demo();
    await command.says(/Try next:[^]*curl -u[^]*\}'\n/);
    expectReconciled(command.output);
    const lines = command.output.replaceAll('\\\n', '').match(/^ {2}curl .*$/gm) ?? [];
    expect(lines).toHaveLength(4);
    const answers = lines.map((line) =>
      execFileSync('sh', ['-c', `${line.trim()} -sSf`], { encoding: 'utf8' }),
    );
    expect(answers[0]).toContain('Lapsing VIPs');
    expect(JSON.parse(answers[1] ?? '')).toMatchObject({ data: [{ traits: expect.any(Object) }] });
    expect(answers[2]?.trim().split('\r\n').length).toBeGreaterThan(1);
    expect(JSON.parse(answers[3] ?? '')).toMatchObject({ success: true });
    command.signalGroup('SIGINT');
    expect(await command.end()).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  it('stopped in the middle says so and leaves nothing behind', async () => {
    const command = demo('--once');
    await command.says(/\n.*1\. In/);
    command.signalGroup('SIGINT');
    expect([await command.end(), command.complaints]).toEqual([130, []]);
    expect(processesOf(folder)).toEqual([]);
  });

  it.each([
    ['--customers', 'many'],
    ['--custmers', '5'],
  ])('refuses %s %s in one line', async (flag, value) => {
    const command = demo(flag, value);
    expect(await command.end()).toBe(1);
    expect(command.complaints).toEqual([expect.stringContaining(flag)]);
  });
});
