import { Random } from '@percorso/demo';
import { newId } from '@percorso/kernel';
import { Client } from 'pg';
import { BATCH, openLoop, Poster } from './open-loop';
import { shopEvent } from './shop';
import type { StreamingHub } from './streaming-hub';

/** The reader's pause between looks. */
const LOOK_MS = 10;

/** Milliseconds of the process's clock. */
interface Sent {
  /** When the request should have left. */
  due: number;
  /** When it was answered. */
  accepted: number;
}

/** Customers who are on their visit at one time; at 2,000 events a second each does something every 15 s. */
const VISITORS = 30_000;
/** Events of a visit, in the mean. */
const VISIT = 8;

/** Sends events of customers on their visits, and remembers when each was taken. */
export class Load {
  readonly sent = new Map<string, Sent>();
  private readonly poster: Poster;
  private readonly random = new Random(23);
  private readonly visitors: string[] = [];

  constructor(private readonly hub: StreamingHub) {
    this.poster = new Poster(hub.url, hub.writeKey);
  }

  close(): void {
    this.poster.close();
  }

  /** `rate` events a second for `seconds`; how many that were. */
  openLoop(rate: number, seconds: number): Promise<number> {
    return openLoop((due) => this.batch(due), { rate, seconds, clock: () => performance.now() });
  }

  /** One request; `due` is when it should have left. */
  async batch(due: number, size = BATCH): Promise<void> {
    const now = new Date();
    const items = Array.from({ length: size }, () => {
      const { name, properties } = shopEvent(this.random, now.getTime());
      return {
        type: 'track',
        messageId: newId(),
        timestamp: now,
        userId: this.visitor(),
        event: name,
        properties,
      };
    });
    await this.poster.post(items);
    const accepted = performance.now();
    for (const { messageId } of items) this.sent.set(messageId, { due, accepted });
  }

  /** Somebody on a visit; whose visit is over makes room for another. */
  private visitor(): string {
    const place = this.random.between(0, VISITORS - 1);
    if (this.visitors[place] === undefined || this.random.chance(1 / VISIT))
      this.visitors[place] = this.hub.target(this.random.next(), this.random.next());
    return this.visitors[place];
  }
}

/** Follows the membership log as a reader does: the head, then what is new up to it. */
export class LogFollower {
  /** When the delta caused by a message was first seen. */
  readonly seen = new Map<string, number>();
  private running = true;
  private done?: Promise<void>;
  private after = 0;
  private looks = 0;

  constructor(
    private readonly databaseUrl: string,
    private readonly workspaceId: string,
  ) {}

  async start(): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    const head = async (): Promise<number> => {
      const { rows } = await client.query<{ head: string }>(
        'SELECT head FROM percorso.membership_log WHERE workspace_id = $1',
        [this.workspaceId],
      );
      return Number(rows[0]?.head ?? 0);
    };
    this.after = await head();
    const follow = async (): Promise<void> => {
      while (this.running) {
        const until = await head();
        if (until > this.after) await this.read(client, until);
        this.looks += 1;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      await client.end();
    };
    this.done = follow();
  }

  /** Everything that has its number by now is read. */
  async caughtUp(): Promise<void> {
    const looks = this.looks + 2;
    while (this.looks < looks) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async read(client: Client, until: number): Promise<void> {
    const { rows } = await client.query<{ message: string | null }>(
      `SELECT cause->>'messageId' AS message FROM percorso.membership_delta
       WHERE workspace_id = $1 AND pos > $2 AND pos <= $3 ORDER BY pos`,
      [this.workspaceId, this.after, until],
    );
    const now = performance.now();
    for (const { message } of rows)
      if (message !== null && !this.seen.has(message)) this.seen.set(message, now);
    this.after = until;
  }
}

/** How long after each message was taken its deltas were seen; ascending. */
export function lagsOf(load: Load, follower: LogFollower, from: keyof Sent): number[] {
  const lags: number[] = [];
  for (const [message, at] of follower.seen) {
    const sent = load.sent.get(message);
    if (sent) lags.push(at - sent[from]);
  }
  return lags.sort((a, b) => a - b);
}
