import { availableParallelism } from 'node:os';
import { MappingProcess, type ProcessLimits } from './mapping-process';

const IDLE_MS = 60_000;

/** Few processes shared by all callers, started when needed and let go after a minute without work. */
export class MappingPool {
  private readonly idle: { process: MappingProcess; since: number }[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly all = new Set<MappingProcess>();
  private busy = 0;
  private sweep?: NodeJS.Timeout;

  constructor(
    private readonly limits: ProcessLimits,
    private readonly size = Math.max(1, Math.min(4, availableParallelism())),
  ) {}

  /** Runs `work` with a process of its own; the process is dropped when `work` says it died. */
  async use<T>(work: (process: MappingProcess) => Promise<{ result: T; alive: boolean }>): Promise<T> {
    if (this.busy >= this.size) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.busy++;
    const process = this.take();
    let alive = false;
    try {
      const outcome = await work(process);
      alive = outcome.alive;
      return outcome.result;
    } finally {
      if (alive) this.idle.push({ process, since: Date.now() });
      else this.drop(process);
      const next = this.waiting.shift();
      if (next) next();
      else this.busy--;
    }
  }

  close(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
    for (const process of this.all) this.drop(process);
    this.idle.length = 0;
  }

  private take(): MappingProcess {
    const known = this.idle.pop();
    if (known) return known.process;
    const process = new MappingProcess(this.limits);
    this.all.add(process);
    void process.died.then(() => this.forget(process));
    this.sweep ??= setInterval(() => this.releaseIdle(), IDLE_MS / 2).unref();
    return process;
  }

  private drop(process: MappingProcess): void {
    this.all.delete(process);
    process.kill('mapping-crashed');
  }

  // A process may also die while it rests, for lack of memory in the machine.
  private forget(process: MappingProcess): void {
    this.all.delete(process);
    const at = this.idle.findIndex((entry) => entry.process === process);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private releaseIdle(): void {
    const before = Date.now() - IDLE_MS;
    for (const entry of [...this.idle]) {
      if (entry.since < before) {
        this.forget(entry.process);
        this.drop(entry.process);
      }
    }
  }
}
