import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import type { EngineName } from '@percorso/engines';
import type { KeptHub } from './kept-hub';
import { pluginProcesses, signal } from './process-tree';
import { Pulse } from './pulse';
import { misbehave } from './provider-faults';
import { type FaultKind, isKill, type Strike, type Target } from './schedule';
import type { Stage } from './stage';

/** A fault that struck. */
export interface Struck {
  kind: FaultKind;
  target?: Target;
  /** Milliseconds since 1970; a provider's fault is seen a moment after it struck. */
  at: number;
  /** When a stopped worker went on. */
  until?: number;
  victim: string;
}

/** No victim appeared for a fault, or a provider was not called any more: the hub is stuck. */
export class NoVictim extends Error {
  override readonly name = 'NoVictim';
}

const PATIENCE_MS = 600_000;
const LOOK_MS = 50;
const ENGINES: Partial<Record<FaultKind, EngineName>> = {
  'kill PostgreSQL': 'postgres',
  'kill ClickHouse': 'clickhouse',
  'kill Redis': 'redis',
};

/** Carries out a schedule: each fault at its time, or as soon after as there is somebody to befall who has recovered. */
export class Striker {
  readonly struck: Struck[] = [];
  /** Faults that take their time, and what providers still have to do to their callers. */
  private readonly open: Promise<void>[] = [];
  private aborted = false;

  constructor(private readonly stage: Stage) {}

  async run(schedule: readonly Strike[]): Promise<void> {
    const started = Date.now();
    const pulse = new Pulse(this.stage.journals);
    try {
      for (const strike of schedule) {
        await sleep(Math.max(0, started + strike.atMs - Date.now()));
        if (isKill(strike.kind)) await pulse.felt();
        await this.strike(strike);
      }
      await Promise.all(this.open);
    } finally {
      pulse.stop();
    }
  }

  abort(): void {
    this.aborted = true;
  }

  private async strike(strike: Strike): Promise<void> {
    const { kind, target, pick } = strike;
    if (target !== undefined) {
      this.later(
        misbehave(this.stage.twins, kind, target, PATIENCE_MS),
        (at) => ({ at, victim: target }),
        strike,
      );
      return;
    }
    switch (kind) {
      case 'kill worker':
        return this.note(strike, await this.until(kind, () => this.killHub(this.stage.workers, pick)));
      case 'kill api':
        return this.note(strike, await this.until(kind, () => this.killHub([this.stage.api], pick)));
      case 'kill plugin':
        return this.note(strike, await this.until(kind, async () => this.killPlugin(pick)));
      case 'flush Redis':
        return this.note(strike, await this.until(kind, () => this.flush()));
      case 'stop worker': {
        const lastsMs = strike.lastsMs ?? 0;
        const victim = await this.until(kind, async () => this.stopWorker(pick, lastsMs));
        const from = Date.now();
        this.later(sleep(lastsMs), () => ({ at: from, until: from + lastsMs, victim: victim.name }), strike);
        void victim.awake;
        return;
      }
      default:
        return this.note(strike, await this.until(kind, () => this.killEngine(ENGINES[kind]!)));
    }
  }

  private note({ kind, target }: Strike, victim: string): void {
    this.struck.push({ kind, ...(target && { target }), at: Date.now(), victim });
  }

  private later<T>(
    event: Promise<T>,
    tell: (value: T) => Pick<Struck, 'at' | 'until' | 'victim'>,
    { kind, target }: Strike,
  ): void {
    const noted = event.then((value) => {
      this.struck.push({ kind, ...(target && { target }), ...tell(value) });
    });
    noted.catch(() => undefined);
    this.open.push(noted);
  }

  /** The first victim that `attempt` finds. */
  private async until<T>(kind: FaultKind, attempt: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const victim = await attempt();
      if (victim !== undefined) return victim;
      if (this.aborted || Date.now() > end)
        throw new NoVictim(`${kind}: nobody to befall for ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_MS);
    }
  }

  private async killHub(hubs: readonly KeptHub[], pick: number): Promise<string | undefined> {
    const ready = hubs.filter(({ pid, asleep }) => pid !== undefined && !asleep);
    const hub = ready[Math.floor(pick * ready.length)];
    return hub && (await hub.kill()) ? hub.name : undefined;
  }

  private killPlugin(pick: number): string | undefined {
    const hubs = this.stage.workers.flatMap(({ pid, asleep }) => (pid === undefined || asleep ? [] : [pid]));
    const running = pluginProcesses(hubs);
    const victim = running[Math.floor(pick * running.length)];
    return victim && signal(victim.pid, 'SIGKILL') ? victim.plugin : undefined;
  }

  private async killEngine(name: EngineName): Promise<string | undefined> {
    const engine = this.stage.engines.engine(name);
    if (!engine || !signal(engine.pid, 'SIGKILL')) return undefined;
    return (await engine.exited).includes('SIGKILL') ? name : undefined;
  }

  private async flush(): Promise<string | undefined> {
    const client = new Redis(this.stage.engines.redisUrl, {
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    });
    client.on('error', () => undefined);
    try {
      return (await client.flushall()) === 'OK' ? 'redis' : undefined;
    } catch {
      return undefined;
    } finally {
      client.disconnect();
    }
  }

  /** The process that wakes it again is not this one: it does so even if this one dies. */
  private stopWorker(pick: number, lastsMs: number): { name: string; awake: Promise<void> } | undefined {
    const ready = this.stage.workers.filter(({ pid, asleep }) => pid !== undefined && !asleep);
    const hub = ready[Math.floor(pick * ready.length)];
    const pid = hub?.pid;
    if (!hub || pid === undefined) return undefined;
    hub.asleep = true;
    const script = `kill -STOP ${pid}; sleep ${lastsMs / 1000}; kill -CONT ${pid}`;
    const child = spawn('/bin/sh', ['-c', script], { stdio: 'ignore', detached: true });
    const awake = new Promise<void>((resolve) => child.once('exit', () => resolve())).then(() => {
      hub.asleep = false;
    });
    return { name: hub.name, awake };
  }
}
