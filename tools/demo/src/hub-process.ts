import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { tieToParent } from '@percorso/engines';
import { poll } from './hub-api';

export interface HubProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Sends the signal and resolves with the exit code once the process is gone; null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** The hub process did not live to serve; the message is its own reason. */
export class HubEnded extends Error {
  override readonly name = 'HubEnded';

  constructor(
    readonly code: number | null,
    /** Everything it wrote. */
    readonly said: string,
  ) {
    super(said.trim().split('\n').at(-1) || `The hub ended with ${code} and said nothing.`);
  }
}

const MAIN = join(__dirname, '..', '..', '..', 'apps', 'hub', 'dist', 'main.js');
const START_MS = 180_000;

/**
 * Starts the hub as its users do, as a process of its own that ends with this one. Resolves when it listens.
 * @param env its whole environment
 * @param hear told everything it writes
 * @param main its program
 * @throws HubEnded
 */
export async function startHub(
  env: NodeJS.ProcessEnv,
  hear: (chunk: Buffer) => void = () => undefined,
  main = MAIN,
): Promise<HubProcess> {
  const child = tieToParent(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let start: string | undefined = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (start !== undefined) start += chunk.toString();
      hear(chunk);
    });
  }
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const closed = once(child, 'close');
  const address = (): string | undefined => /listens on (http:\S+)/.exec(start ?? '')?.[1];
  await poll(
    async () => address() ?? isGone(),
    (answer) => answer !== false,
    { what: 'The hub', timeoutMs: START_MS, everyMs: 20 },
  ).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const url = address();
  if (url === undefined) {
    await closed;
    throw new HubEnded(child.exitCode, start);
  }
  start = undefined;
  return {
    url,
    child,
    end: async (signal) => {
      if (!isGone()) child.kill(signal);
      await closed;
      return child.exitCode;
    },
  };
}
