import { Agent, request } from 'node:http';

/** Calls of one request, as SDKs send them. */
export const BATCH = 20;

/**
 * `rate` calls a second for `seconds`, whatever the hub does with them; how many that were. `send` is given when its request
 * should leave, in milliseconds of `clock`.
 */
export async function openLoop(
  send: (due: number) => Promise<void>,
  { rate, seconds, clock }: { rate: number; seconds: number; clock: () => number },
): Promise<number> {
  const started = clock();
  const batches = Math.ceil((rate * seconds) / BATCH);
  const answers: Promise<unknown>[] = [];
  for (let number = 0; number < batches; number++) {
    const due = started + (number * BATCH * 1000) / rate;
    await sleep(due - clock());
    // Kept until the end: a refusal meanwhile must not count as unhandled.
    answers.push(send(due).catch((error: unknown) => ({ error })));
  }
  for (const failed of await Promise.all(answers)) if (failed) throw (failed as { error: unknown }).error;
  return batches * BATCH;
}

/** Not at all where nothing is left. */
export async function sleep(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Posts tracking calls over kept connections, as a backend's SDK does. */
export class Poster {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });
  private readonly headers: Record<string, string>;

  constructor(
    private readonly url: string,
    writeKey: string,
  ) {
    const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
    this.headers = { authorization, 'content-type': 'application/json' };
  }

  /** Resolves once they are accepted. */
  post(batch: readonly object[]): Promise<void> {
    const body = JSON.stringify({ batch, sentAt: new Date() });
    return new Promise((resolve, reject) => {
      const sending = request(
        `${this.url}/v1/batch`,
        { method: 'POST', agent: this.agent, headers: this.headers },
        (answer) => {
          answer.resume();
          answer.on('error', reject);
          answer.on('end', () =>
            answer.statusCode === 200
              ? resolve()
              : reject(new RangeError(`not accepted: ${answer.statusCode}`)),
          );
        },
      );
      sending.on('error', reject);
      sending.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
