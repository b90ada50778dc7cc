import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type ChildAnswer,
  type ChildRequest,
  type MarkedRequest,
  MOST_MARK,
  PROGRESS_FD,
} from './child-protocol';

const CHILD = join(__dirname, '..', 'dist', 'mapping-child.js');
const SETPRIV = '/usr/bin/setpriv';
const PAGE = 4096;
const WATCH_MS = 50;
/** Looks in a row that must find a process hanging. */
const LOOKS = 4;
const START_MS = 30_000;
/** Times its patience that a process is waited for which gets no processor. */
const STARVED = 10;
/** Milliseconds of Linux' clock tick. */
const TICK_MS = 10;

export interface ProcessLimits {
  /** Silence after which the process is killed, in ms. */
  hardMs: number;
  /** Resident memory above which it is killed, in bytes. */
  memoryBytes: number;
}

/** How a process ended while it had a request in hand. */
export type Death = 'mapping-timeout' | 'mapping-memory' | 'mapping-crashed';

/** One child that evaluates expressions: no environment, no file but its own code, killed when it hangs or grows. */
export class MappingProcess {
  /** Rows of the current request that have been told as begun. */
  started = 0;
  readonly died: Promise<Death>;
  private readonly child: ChildProcess;
  private mark = 0;
  private lastSign = Date.now();
  /** The sign last looked at, and the processor time used until then. */
  private looked = { sign: 0, cpu: 0 };
  private hanging = 0;
  private ready = false;
  private killedFor?: Death;
  private watch?: NodeJS.Timeout;
  private onAnswer?: (answer: ChildAnswer) => void;

  constructor(private readonly limits: ProcessLimits) {
    const [command = '', ...words] = commandLine();
    this.child = spawn(command, words, {
      cwd: '/',
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    });
    this.died = new Promise((resolve) => {
      this.child.once('error', () => resolve('mapping-crashed'));
      // 'close' comes after the progress pipe is drained, so `started` is final.
      this.child.once('close', (code, signal) => {
        this.rest();
        const outOfHeap = signal === 'SIGABRT' || code === 134;
        resolve(this.killedFor ?? (outOfHeap ? 'mapping-memory' : 'mapping-crashed'));
      });
    });
    (this.child.stdio[PROGRESS_FD] as Readable).on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === this.mark) this.started++;
      this.lastSign = Date.now();
    });
    this.child.on('message', (answer: ChildAnswer) => {
      this.lastSign = Date.now();
      this.ready = true;
      if (answer.kind !== 'ready') this.onAnswer?.(answer);
    });
    this.child.unref();
    this.child.channel?.unref();
    (this.child.stdio[PROGRESS_FD] as unknown as { unref(): void }).unref();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Hands over one request; `onAnswer` hears every piece. Call `rest()` when the last one came. */
  request(request: ChildRequest, onAnswer: (answer: ChildAnswer) => void): void {
    this.started = 0;
    this.mark = 1 + (this.mark % MOST_MARK);
    this.hanging = 0;
    this.lastSign = Date.now();
    this.onAnswer = onAnswer;
    const marked: MarkedRequest = { ...request, mark: this.mark };
    this.child.send(marked, (error) => {
      if (error) this.kill('mapping-crashed');
    });
    this.watch = setInterval(() => this.look(), WATCH_MS);
  }

  rest(): void {
    clearInterval(this.watch);
    this.onAnswer = undefined;
  }

  kill(reason: Death): void {
    this.killedFor ??= reason;
    this.child.kill('SIGKILL');
  }

  private look(): void {
    if (residentBytes(this.child.pid) > this.limits.memoryBytes) {
      this.kill('mapping-memory');
      return;
    }
    if (this.lastSign !== this.looked.sign) this.looked = { sign: this.lastSign, cpu: cpuMs(this.child.pid) };
    this.hanging = this.isHanging() ? this.hanging + 1 : 0;
    // A machine that stood still, or signs that wait unread, look the same at first sight.
    if (this.hanging >= LOOKS) this.kill('mapping-timeout');
  }

  /** Silent for too long, and not because a busy machine gave it no processor. */
  private isHanging(): boolean {
    const patience = this.ready ? this.limits.hardMs : START_MS;
    const silent = Date.now() - this.lastSign;
    if (silent < patience) return false;
    const used = cpuMs(this.child.pid) - this.looked.cpu;
    return !(used < patience / 2) || silent >= patience * STARVED;
  }
}

function commandLine(): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const node = [
    process.execPath,
    permission,
    `--allow-fs-read=${dirname(CHILD)}/*`,
    `--allow-fs-read=${dirname(require.resolve('jsonata'))}/*`,
    '--max-old-space-size=128',
    '--disallow-code-generation-from-strings',
    CHILD,
  ];
  // A child lost in an endless match must not outlive a parent that was killed.
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...node] : node;
}

/** Processor time a process has used; Infinity where it cannot be told, so that silence alone decides. */
function cpuMs(pid: number | undefined): number {
  try {
    // The name may hold blanks and brackets: fields are counted after its last one.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Infinity;
  }
}

function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE;
  } catch {
    return 0;
  }
}
