import { Client } from 'pg';

/** The reader's pause between looks. */
const LOOK_MS = 20;
/** Ids are given before a commit, so a message may come after one with a higher id: by this much, and seldom by more. */
const NEAR_MS = 150;
const WIDE_MS = 10_000;
const WIDE_EVERY = 50;

/** Sees each message of a workspace as soon as it is committed for delivery. */
export class ActionFollower {
  /** When the first message about a cart was seen; milliseconds since 1970. */
  readonly first = new Map<string, number>();
  private readonly client: Client;
  private running = true;
  private done: Promise<void> = Promise.resolve();
  /** When the newest message that was seen got its id; Unix milliseconds. */
  private newest = 0;

  constructor(
    databaseUrl: string,
    private readonly workspaceId: string,
  ) {
    this.client = new Client({ connectionString: databaseUrl });
  }

  async start(): Promise<void> {
    await this.client.connect();
    await this.look(0);
    this.done = this.follow();
  }

  /** Resolves when `count` carts have had their message. */
  async seen(count: number, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.first.size < count) {
      if (Date.now() > deadline) throw new RangeError(`${this.first.size} of ${count} carts have a message`);
      await pause();
    }
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
    await this.client.end();
  }

  private async follow(): Promise<void> {
    for (let looks = 1; this.running; looks++) {
      await this.look(looks % WIDE_EVERY === 0 ? WIDE_MS : NEAR_MS);
      await pause();
    }
  }

  /** @param backMs so long before the newest message that was seen it is looked once more */
  private async look(backMs: number): Promise<void> {
    const { rows } = await this.client.query<{ at: string; cart: string }>(
      `SELECT extract(epoch FROM uuid_extract_timestamp(id)) * 1000 AS at, payload->>'cart' AS cart FROM percorso.effect
       WHERE workspace_id = $1 AND id > $2`,
      [this.workspaceId, idAt(this.newest - backMs)],
    );
    const now = Date.now();
    for (const { at, cart } of rows) {
      if (!this.first.has(cart)) this.first.set(cart, now);
      this.newest = Math.max(this.newest, Number(at));
    }
  }
}

/** Less than every UUIDv7 made at that moment, in Unix milliseconds. */
const idAt = (at: number): string =>
  Math.max(0, Math.floor(at))
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})(.{4})$/, '$1-$2-7000-8000-000000000000');

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS));
