import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubEnded, type HubProcess, startHub } from '@percorso/demo';

const PAUSE_MS = 200;

/** A hub process that a supervisor starts again whenever it ends, as systemd does with `Restart=always`. */
export class KeptHub {
  /** Ends that nobody caused. */
  readonly ownDeaths: string[] = [];
  /** Starts that came to nothing: an engine was down. */
  failedStarts = 0;
  starts = 0;
  private current?: HubProcess;
  private readonly killed = new WeakSet<HubProcess>();
  private stopped = false;
  private readonly log: WriteStream;
  private readonly running: Promise<void>;
  private tail = '';
  /** Asleep: nothing can be asked of it. */
  asleep = false;

  constructor(
    readonly name: string,
    private readonly env: NodeJS.ProcessEnv,
    logFile: string,
  ) {
    this.log = createWriteStream(logFile, { flags: 'a' });
    this.running = this.keep();
  }

  /** Its process id while it serves. */
  get pid(): number | undefined {
    return this.current?.child.pid;
  }

  /** SIGKILL. @returns false when there was nothing to kill */
  async kill(): Promise<boolean> {
    const hub = this.current;
    if (!hub) return false;
    this.killed.add(hub);
    await hub.end('SIGKILL');
    return hub.child.signalCode === 'SIGKILL';
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const hub = this.current;
    if (hub) await hub.end('SIGTERM');
    await this.running;
    this.log.end();
  }

  private async keep(): Promise<void> {
    while (!this.stopped) {
      try {
        this.starts += 1;
        const hub = await startHub(this.env, (chunk) => this.hear(chunk));
        this.current = hub;
        if (this.stopped) void hub.end('SIGTERM');
        const ended = hub.child.exitCode ?? hub.child.signalCode;
        if (ended === null) await new Promise((resolve) => hub.child.once('exit', resolve));
        this.current = undefined;
        this.asleep = false;
        if (!this.stopped && !this.killed.has(hub)) this.ownDeaths.push(this.describe(hub));
      } catch (error) {
        this.failedStarts += 1;
        this.hear(
          Buffer.from(`[start failed] ${error instanceof HubEnded ? error.message : String(error)}\n`),
        );
      }
      if (!this.stopped) await sleep(PAUSE_MS);
    }
  }

  private hear(chunk: Buffer): void {
    this.tail = (this.tail + chunk.toString()).slice(-600);
    this.log.write(chunk);
  }

  private describe({ child: { exitCode, signalCode } }: HubProcess): string {
    return `${this.name} ended with ${signalCode ?? exitCode}: ${this.tail.trim().split('\n').slice(-3).join(' | ')}`;
  }
}
