import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { canonicalJson, Problem } from '@percorso/kernel';
import { RunService } from './run.service';
import { type RunProgressView, runProgressOf } from './run-progress.dto';

export const PROGRESS_OPTIONS = Symbol('ProgressOptions');

/** Times are in milliseconds. */
export interface ProgressOptions {
  /** Between two looks at a run. */
  lookMs: number;
  /** Longest silence; a comment breaks it, so that no proxy ends the stream. */
  heartbeatMs: number;
  /** After this the reader must come again, with a key that still counts. */
  longestMs: number;
  /** Streams of this process at once. */
  most: number;
}

export const DEFAULT_PROGRESS: ProgressOptions = {
  lookMs: 1000,
  heartbeatMs: 15_000,
  longestMs: 30 * 60_000,
  most: 200,
};

/** A large run is not looked at all the time: a look may take this share of it at most. */
const LOOKING_SHARE = 0.1;
const OPEN = ['planning', 'delivering'];

/** What a run comes to, as server-sent events. */
@Injectable()
export class ProgressStreams implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private streams = 0;

  constructor(
    private readonly runs: RunService,
    @Inject(PROGRESS_OPTIONS) private readonly options: ProgressOptions,
  ) {}

  /** Nest waits for open answers, and these would not end. */
  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /**
   * The text of a stream; undefined for a reader that saw the run's end already. Every event has an id: a reader that
   * comes back with the last it saw is told only what is new.
   * @throws Problem 404, and 503 when there are too many
   */
  async open(
    workspaceId: string,
    runId: string,
    lastSeen: string | undefined,
    gone: AbortSignal,
  ): Promise<AsyncGenerator<string> | undefined> {
    const first = await this.look(workspaceId, runId);
    if (!OPEN.includes(first.state) && lastSeen === idOf(first)) return undefined;
    if (this.streams >= this.options.most) throw tooMany();
    return this.events(workspaceId, first, lastSeen, AbortSignal.any([gone, this.stopping.signal]));
  }

  private async *events(
    workspaceId: string,
    first: RunProgressView,
    lastSeen: string | undefined,
    end: AbortSignal,
  ): AsyncGenerator<string> {
    this.streams += 1;
    try {
      const { lookMs, heartbeatMs, longestMs } = this.options;
      const until = Date.now() + longestMs;
      let told = Date.now();
      let seen = lastSeen;
      let progress = first;
      yield `retry: ${2 * lookMs}\n\n`;
      do {
        const isOpen = OPEN.includes(progress.state);
        if (!isOpen || seen !== idOf(progress)) {
          seen = idOf(progress);
          told = Date.now();
          yield eventOf(isOpen ? 'progress' : 'end', seen, progress);
        } else if (Date.now() - told >= heartbeatMs) {
          told = Date.now();
          yield ': still there\n\n';
        }
        if (!isOpen) return;
        const began = Date.now();
        progress = await this.look(workspaceId, first.id);
        const rest = Math.max(lookMs, (Date.now() - began) / LOOKING_SHARE);
        await sleep(rest, undefined, { signal: end }).catch(() => undefined);
      } while (!end.aborted && Date.now() < until);
    } finally {
      this.streams -= 1;
    }
  }

  private async look(workspaceId: string, runId: string): Promise<RunProgressView> {
    return runProgressOf(await this.runs.get(workspaceId, runId));
  }
}

/** Names what was told; the estimate moves with the clock and is no news. */
const idOf = ({ estimatedEndAt: _moves, ...told }: RunProgressView): string =>
  createHash('sha256').update(canonicalJson(told)).digest('base64url').slice(0, 16);

const eventOf = (event: string, id: string, data: object): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

const tooMany = (): Problem =>
  new Problem({
    status: 503,
    code: 'too-many-streams',
    title: 'Too many streams are open',
    detail: 'Close some, or ask for the run from time to time.',
  });
