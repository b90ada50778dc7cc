import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from './harness';

const ROOT = join(__dirname, '..', '..');

/** A command of the README as a person runs it: through npm, in a process group of its own. */
export class Command {
  readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private out = '';
  private err = '';

  /** @param words after `npm`; the environment is `env` and nothing of this process but the way to its programs. */
  constructor(words: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn('npm', ['--silent', ...words], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString('utf8')));
    this.ended = once(this.child, 'close');
  }

  get output(): string {
    return this.out + this.err;
  }

  /** What it complained of: standard error without what the build says. */
  get complaints(): string[] {
    return this.err.split('\n').filter((line) => line !== '' && !line.startsWith('Building'));
  }

  says(words: RegExp): Promise<RegExpExecArray> {
    return waitFor(
      async () => {
        const found = words.exec(this.output);
        if (!found && this.child.exitCode !== null)
          throw new Error(`It ended with ${this.child.exitCode}: ${this.output.slice(-2000)}`);
        return found;
      },
      { what: `${words}` },
    );
  }

  /** Resolves with the exit code; null when a signal ended it. */
  async end(): Promise<number | null> {
    await this.ended;
    return this.child.exitCode;
  }

  /** To every process of the group, as a terminal does with Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.child.pid ?? 0), signal);
    } catch {
      // All of it has ended.
    }
  }
}

/** Processes of this machine whose command line, environment or working folder names `folder`. */
export function processesOf(folder: string): string[] {
  const read = (path: string, how: (path: string) => string): string => {
    try {
      return how(path);
    } catch {
      return '';
    }
  };
  const text = (path: string): string => readFileSync(path, 'utf8').replaceAll('\0', ' ');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const command = read(`/proc/${pid}/cmdline`, text);
      const all = command + read(`/proc/${pid}/environ`, text) + read(`/proc/${pid}/cwd`, readlinkSync);
      return all.includes(folder) ? `${pid} ${command}` : '';
    })
    .filter(Boolean);
}

export const untilNoneOf = (folder: string): Promise<boolean> =>
  waitFor(async () => processesOf(folder).length === 0, { what: `every process of ${folder} to end` });
