import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChaosResult, FAULT_KINDS, makeSchedule, reportText, runChaos } from '@percorso/chaos';
import { processesOf } from './command';
import { waitFor } from './harness';

const MINUTES = Number(process.env.PERCORSO_CHAOS_MINUTES ?? 2);
const SEED = Number(process.env.PERCORSO_SEED);
const MINUTE = 60_000;

const ofAudience = (name: string): string[] => [
  `${name}: members are those whom the calls make`,
  `${name}: the log replayed gives the members, without a gap`,
  `${name}: a tool that pulled through it all holds the members`,
  `${name}: its set says the same`,
];

const ofMessages = (target: string, atMostOnce: string, unknown: string): string[] => [
  `${target}: members = accepted + rejected + suppressed + dropped + pending + unknown`,
  `${target}: every member came to what the calls say`,
  `${target}: what the ledger calls accepted, the target has`,
  `${target}: what the target has, the ledger calls accepted or unknown`,
  `${target}: ${atMostOnce}`,
  `${target}: ${unknown}`,
];

const BOUND = 'unknown at most kills × in flight + half-accepts';
const LINES = [
  'events: what was acknowledged is what PostgreSQL holds, each once',
  'events: what was acknowledged is what ClickHouse holds, each once',
  ...ofAudience('vips'),
  ...ofAudience('buyers'),
  ...ofMessages('keyed', 'nobody was told twice', 'nothing stays unknown'),
  ...ofMessages('sms', 'nothing was sent again blindly', BOUND),
  ...ofMessages('mail', 'nothing was sent again blindly', BOUND),
  'campaign: members = accepted + rejected + suppressed + dropped + pending + unknown',
  'campaign: every member came to what the calls say',
  'campaign: it holds the members, and nobody who left',
  'campaign: no intent changed it twice',
  'campaign: nothing stays unknown',
  'hub: no process ended by itself',
  'faults: each kind struck often enough',
  'faults: there were enough SIGKILLs',
];

describe(`${MINUTES} minutes of kills, flushes and providers’ faults under load, seed ${SEED}`, () => {
  let result: ChaosResult;

  beforeAll(
    async () => {
      result = await runChaos({ minutes: MINUTES, seed: SEED });
      process.stderr.write(`${reportText(result, SEED)}\n`);
    },
    MINUTES * MINUTE + 25 * MINUTE,
  );

  it.each(LINES)('%s', (line) => {
    const { found, differences } = result.checks.find(({ name }) => name === line)!;
    expect({ found, differences }).toEqual({ found, differences: [] });
  });

  it('and nothing else was to be reconciled', () => {
    expect(result.checks.map(({ name }) => name)).toEqual(LINES);
  });

  it('struck as the seed says', () => {
    const planned = makeSchedule(SEED, MINUTES);
    const count = (kinds: readonly { kind: string }[], kind: string): number =>
      kinds.filter((one) => one.kind === kind).length;
    for (const kind of FAULT_KINDS)
      expect({ kind, times: count(result.struck, kind) }).toEqual({ kind, times: count(planned, kind) });
  });

  it('went on meanwhile', () => {
    expect(result.throughput.acknowledged.meanPerSecond).toBeGreaterThan(0);
    expect(result.throughput.delivered.meanPerSecond).toBeGreaterThan(0);
  });
});

/** A process by its number and the moment it began, since numbers are used again. */
interface Process {
  pid: number;
  began: string;
}

describe('the command', () => {
  const MAIN = join(__dirname, '..', '..', 'tools', 'chaos', 'dist', 'main.js');
  let folder: string;
  let command: ChildProcess;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'percorso chaos-'));
  });
  afterEach(() => {
    command.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const statOf = (pid: number | string): string[] => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    } catch {
      return [];
    }
  };

  const below = (parent: number): Process[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && statOf(name)[1] === String(parent))
      .flatMap((name) => [{ pid: Number(name), began: statOf(name)[19] ?? '' }, ...below(Number(name))]);

  const runs = ({ pid, began }: Process): boolean => {
    const stat = statOf(pid);
    return stat[19] === began && stat[0] !== 'Z';
  };

  it.each<NodeJS.Signals>(['SIGKILL', 'SIGINT'])(
    'leaves no process behind when it gets %s while a worker is stopped',
    async (signal) => {
      let seed = 1;
      while (makeSchedule(seed, 0.1)[0]?.kind !== 'stop worker') seed++;
      const words = [MAIN, '--minutes', '0.1', '--seed', String(seed), '--data-dir', folder];
      command = spawn(process.execPath, words, { stdio: 'ignore' });
      const all = await waitFor(
        async () => {
          const processes = below(command.pid!);
          return processes.some(({ pid }) => statOf(pid)[0] === 'T') && processes;
        },
        { timeoutMs: 3 * MINUTE, everyMs: 200, what: 'a worker to be stopped' },
      );
      expect(all.length).toBeGreaterThan(8);
      const ended = once(command, 'exit');
      command.kill(signal);
      const [code] = (await ended) as [number | null];
      expect(code).toBe(signal === 'SIGINT' ? 130 : null);
      await waitFor(async () => !all.some(runs) && processesOf(folder).length === 0, {
        timeoutMs: 3 * MINUTE,
        everyMs: 200,
        what: 'every process to end',
      });
    },
    8 * MINUTE,
  );
});
