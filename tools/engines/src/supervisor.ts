import { causeOf, type Engine, ENGINE_TITLES, type EngineName } from './engine';
import { sleep } from './process-table';

/** An engine that is started again when it dies by itself. */
export interface SupervisedEngine {
  readonly url: string;
  current(): Engine;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const CALM_MS = 60_000;

export async function superviseEngine(
  name: EngineName,
  start: () => Promise<Engine>,
  log: (line: string) => void,
): Promise<SupervisedEngine> {
  let engine = await start();
  let stopped = false;
  let replacing = false;
  let pause = FIRST_PAUSE_MS;
  // Restarts, whoever asks, run one after another.
  let turn: Promise<unknown> = Promise.resolve();

  const watch = (watched: Engine): void => {
    const since = Date.now();
    void watched.exited.then((cause) => {
      if (stopped || replacing || engine !== watched) return;
      if (Date.now() - since > CALM_MS) pause = FIRST_PAUSE_MS;
      log(`${ENGINE_TITLES[name]} stopped by itself (${cause}); starting it again`);
      turn = turn.then(() => revive(watched));
    });
  };
  const revive = async (dead: Engine): Promise<void> => {
    while (!stopped && engine === dead) {
      await sleep(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      if (stopped) return;
      try {
        engine = await start();
        watch(engine);
        log(`${ENGINE_TITLES[name]} is back`);
      } catch (error) {
        log(causeOf(error));
      }
    }
  };
  const replace = async (): Promise<void> => {
    replacing = true;
    try {
      await engine.stop();
      engine = await start();
      watch(engine);
    } finally {
      replacing = false;
    }
  };
  watch(engine);

  return {
    url: engine.url,
    current: () => engine,
    restart: async () => {
      const replaced = turn.then(replace);
      turn = replaced.catch(() => undefined);
      await replaced;
    },
    stop: async () => {
      stopped = true;
      await turn;
      await engine.stop();
    },
  };
}
