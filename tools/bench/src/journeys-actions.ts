import { Client } from 'pg';

/** The reader's pause between looks. */
const LOOK_MS = 10;

/** Sees each message of a workspace as soon as it is committed for delivery. */
export class ActionFollower {
  /** When the first message about a cart was seen; milliseconds since 1970. */
  readonly first = new Map<string, number>();
  private readonly client: Client;
  private running = true;
  private done: Promise<void> = Promise.resolve();
  private after = '00000000-0000-0000-0000-000000000000';

  constructor(
    databaseUrl: string,
    private readonly workspaceId: string,
  ) {
    this.client = new Client({ connectionString: databaseUrl });
  }

  async start(): Promise<void> {
    await this.client.connect();
    await this.look();
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
    while (this.running) {
      await this.look();
      await pause();
    }
  }

  private async look(): Promise<void> {
    const { rows } = await this.client.query<{ id: string; cart: string }>(
      `SELECT id, payload->>'cart' AS cart FROM percorso.effect WHERE workspace_id = $1 AND id > $2 ORDER BY id`,
      [this.workspaceId, this.after],
    );
    const now = Date.now();
    for (const { id, cart } of rows) {
      if (!this.first.has(cart)) this.first.set(cart, now);
      this.after = id;
    }
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS));
