import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { CLOCK, Clock, Problem } from '@percorso/kernel';
import { IngestSignal } from './ingest-signal';
import { acceptedEvents, commitSeconds } from './ingest-metrics';
import { notCommitted, tooLarge } from './ingest-problems';
import { IngestStore, LogEntry } from './ingest.store';
import { MAX_BATCH_EVENTS } from './limits';

export interface Receipt {
  partition: number;
  /** Position of the first item; the others follow. */
  pos: number;
  count: number;
}

export interface IngestRequest {
  workspaceId: string;
  /** Who sent it: a write key's id, a connector's. */
  sourceId: string;
  items: readonly unknown[];
  sentAt?: Date;
  /** @default now */
  receivedAt?: Date;
}

interface Waiting {
  entry: LogEntry;
  resolve: (receipt: Receipt) => void;
  reject: (error: unknown) => void;
}

interface Lane {
  waiting: Waiting[];
  committing: number;
}

/** All events of a workspace go to one partition until it outgrows one applier. */
const PARTITION = 0;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const MAX_GROUP_ENTRIES = 1000;
/** While one group's commit is flushed to disk, the next one travels and is parsed. */
const GROUPS_IN_FLIGHT = 2;
/** Clients give up after ten seconds; they should hear why before that. */
const DEADLINE_MS = 8000;

/** Group commit: requests that wait together are committed in one transaction per workspace. */
@Injectable()
export class IngestWriter implements BeforeApplicationShutdown {
  private readonly lanes = new Map<string, Lane>();
  private idle: (() => void)[] = [];

  constructor(
    private readonly store: IngestStore,
    private readonly signal: IngestSignal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Store items as if they had been collected. Resolves after the commit. @throws Problem 413, 503 */
  accept(request: IngestRequest): Promise<Receipt> {
    return this.append(request.workspaceId, {
      sourceId: request.sourceId,
      receivedAt: request.receivedAt ?? this.clock.now(),
      sentAt: request.sentAt,
      payload: Buffer.from(JSON.stringify(request.items)),
      count: request.items.length,
    });
  }

  /** Resolves after the commit of the entry's transaction. @throws Problem 413, 503 */
  append(workspaceId: string, entry: LogEntry): Promise<Receipt> {
    if (!(entry.count >= 1 && entry.count <= MAX_BATCH_EVENTS)) {
      return Promise.reject(tooLarge(`A batch may have 1 to ${MAX_BATCH_EVENTS} events.`));
    }
    return new Promise((resolve, reject) => {
      const lane = this.lanes.get(workspaceId) ?? { waiting: [], committing: 0 };
      this.lanes.set(workspaceId, lane);
      // Answered late is answered "not known to be stored"; the commit may still come, and the repeat is a duplicate.
      const timer = setTimeout(() => reject(notCommitted()), DEADLINE_MS);
      const settled = (): void => clearTimeout(timer);
      lane.waiting.push({
        entry,
        resolve: (receipt) => (settled(), resolve(receipt)),
        reject: (error) => (settled(), reject(error)),
      });
      this.turn(workspaceId, lane);
    });
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    if (this.lanes.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
  }

  private turn(workspaceId: string, lane: Lane): void {
    if (lane.committing >= GROUPS_IN_FLIGHT || lane.waiting.length === 0) return;
    lane.committing++;
    // Requests that arrive in the same turn of the loop join the group.
    setImmediate(() => {
      const group = takeGroup(lane.waiting);
      void this.commit(workspaceId, group).finally(() => {
        lane.committing--;
        this.turn(workspaceId, lane);
        if (lane.committing === 0) this.forget(workspaceId);
      });
    });
  }

  private async commit(workspaceId: string, group: Waiting[]): Promise<void> {
    if (group.length === 0) return;
    const done = commitSeconds.startTimer();
    try {
      let pos = await this.store.append(
        workspaceId,
        PARTITION,
        group.map(({ entry }) => entry),
      );
      for (const { entry, resolve } of group) {
        resolve({ partition: PARTITION, pos, count: entry.count });
        pos += entry.count;
      }
      acceptedEvents.inc(group.reduce((sum, { entry }) => sum + entry.count, 0));
      this.signal.accepted({ workspaceId, partition: PARTITION, head: pos - 1 });
    } catch (error) {
      const problem = error instanceof Problem ? error : notCommitted(error);
      for (const { reject } of group) reject(problem);
    } finally {
      done();
    }
  }

  private forget(workspaceId: string): void {
    this.lanes.delete(workspaceId);
    if (this.lanes.size > 0) return;
    for (const resolve of this.idle) resolve();
    this.idle = [];
  }
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const { entry } of waiting) {
    if (count > 0 && (count >= MAX_GROUP_ENTRIES || bytes + entry.payload.length > MAX_GROUP_BYTES)) break;
    count++;
    bytes += entry.payload.length;
  }
  return waiting.splice(0, count);
}
