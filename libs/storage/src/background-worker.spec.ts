import { BackgroundWorker } from './background-worker';
import { LeasedWorker } from './leases/leased-worker';
import type { Leases } from './leases/leases';

const HOUR_MS = 3_600_000;

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Whatever waits for it waits until `open`. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('BackgroundWorker', () => {
  it('does nothing before the application has started, and ends when all its turns have', async () => {
    const told: string[] = [];
    const slow = gate();
    class Two extends BackgroundWorker {
      constructor() {
        super();
        this.addLoop('first', HOUR_MS, async () => void told.push('first'));
        this.addLoop('second', HOUR_MS, async () => {
          await slow.passed;
          told.push('second');
        });
      }
    }
    const worker = new Two();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
    worker.onApplicationBootstrap();
    await until(() => told.length === 1);
    const ended = worker.beforeApplicationShutdown().then(() => told.push('ended'));
    slow.open();
    await ended;
    expect(told).toEqual(['first', 'second', 'ended']);
  });
});

describe('LeasedWorker', () => {
  const told: string[] = [];
  const listeners = { work: new Set<() => void>(), leases: new Set<() => void>() };
  const on = (source: Set<() => void>, listener: () => void): (() => void) => {
    source.add(listener);
    return () => void source.delete(listener);
  };
  const leases = {
    serve: (kind) => void told.push(`serves ${kind}`),
    leave: async (kind) => void told.push(`leaves ${kind}`),
    onChanged: (listener) => on(listeners.leases, listener),
  } as Partial<Leases> as Leases;
  const turns = { leased: gate(), other: gate() };

  class Streams extends LeasedWorker {
    protected readonly leased = this.addLoop('leased', HOUR_MS, async () => {
      told.push('leased begins');
      await turns.leased.passed;
      told.push('leased ends');
    });

    constructor() {
      super(leases, 'stream');
      this.addLoop('other', HOUR_MS, async () => {
        await turns.other.passed;
        told.push('other ends');
      });
    }

    protected listen(nudge: () => void): (() => void)[] {
      return [on(listeners.work, nudge)];
    }
  }

  it('works when there is work or it holds others, and leaves its leases between its leased turn and the rest', async () => {
    const worker = new Streams();
    worker.onApplicationBootstrap();
    await until(() => told.length === 2);
    for (const source of [listeners.work, listeners.leases]) {
      turns.leased.open();
      await until(() => told.at(-1) === 'leased ends');
      turns.leased = gate();
      for (const listener of source) listener();
      await until(() => told.at(-1) === 'leased begins');
    }
    const ended = worker.beforeApplicationShutdown();
    expect([listeners.work.size, listeners.leases.size]).toEqual([0, 0]);
    turns.leased.open();
    await until(() => told.at(-1) === 'leaves stream');
    turns.other.open();
    await ended;
    const turn = ['leased begins', 'leased ends'];
    expect(told).toEqual(['serves stream', ...turn, ...turn, ...turn, 'leaves stream', 'other ends']);
  });
});
