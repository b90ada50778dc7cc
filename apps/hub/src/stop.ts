import { describeError } from '@percorso/kernel';
import { disconnectQueues } from '@percorso/storage';
import { ReadinessService } from './health/readiness';
import type { RunningHub } from './start';

const DRAIN_MS = 25_000;
/** One Ctrl-C comes twice, from the terminal and passed on by npm; a person's second is later. */
const ECHO_MS = 500;

/** Finish what is in hand, for at most 25 seconds, then end. A second signal ends at once. */
export function stopOnSignals(hub: RunningHub, say: (line: string) => void): void {
  let since: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (since !== undefined) {
      if (Date.now() - since < ECHO_MS) return;
      say(`${signal} again: ending at once.`);
      process.exit(1);
    }
    since = Date.now();
    say(`${signal}: finishing what is in hand …`);
    void drain(hub, say).then((code) => process.exit(code));
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}

async function drain({ app, engines }: RunningHub, say: (line: string) => void): Promise<number> {
  app.get(ReadinessService).stop();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), DRAIN_MS);
  });
  try {
    const outcome = await Promise.race([app.close(), late]);
    disconnectQueues();
    if (outcome === 'late')
      say(`Not everything was finished in ${DRAIN_MS / 1000} s; the rest resumes at the next start.`);
    return 0;
  } catch (error) {
    say(`Stopping failed: ${describeError(error)}`);
    return 1;
  } finally {
    clearTimeout(timer);
    await engines.stop().catch(() => undefined);
  }
}
