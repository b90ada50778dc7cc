import { Inject, Injectable } from '@nestjs/common';
import { DeliveryWaker } from '@percorso/delivery';
import { CLOCK, type Clock } from '@percorso/kernel';
import { Database, type Held, type Transaction } from '@percorso/storage';
import type { JourneyJob } from '../journey/job.store';
import type { VersionJob } from './intake/arrivals';
import { journeyTurnSeconds, journeyTurnsOvertaken } from './journey-metrics';
import { observeTurn } from './observe-turn';
import { Outbox } from './keep/outbox';
import { StoodStill } from './intake/stood-still';
import { TurnPace } from './turn-pace';
import { type TurnRead, TurnReader } from './turn-reader';
import { type TurnOutcome, TurnWalker } from './turn-walker';
import { Overtaken, TurnWriter } from './turn-writer';

export interface TurnResult {
  /** How much was taken up; 0 when nothing waited or another process is at it. */
  taken: number;
  /** There may be more at once. */
  more: boolean;
}

type Reading = (tx: Transaction, now: Date) => Promise<TurnRead | undefined>;

/** A turn that was overtaken so often is left for later. */
const MOST_TRIES = 5;

/**
 * Takes up what waits for journeys of a workspace, one turn at a time: read, walk everybody concerned, keep it all in one
 * short transaction. A crash before that leaves no trace, one after it nothing to be done again.
 */
@Injectable()
export class JourneyTurns {
  private readonly pace = new TurnPace();

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: TurnReader,
    private readonly walker: TurnWalker,
    private readonly writer: TurnWriter,
    private readonly still: StoodStill,
    private readonly outbox: Outbox,
    private readonly delivery: DeliveryWaker,
  ) {}

  /** @param held the partitions to work on, by leases of this process */
  turn(workspaceId: string, held: readonly Held[]): Promise<TurnResult> {
    return this.untilKept(workspaceId, held, (tx, now) =>
      this.reader.waiting(tx, held, now, this.pace.of(workspaceId)),
    );
  }

  /** Carry out a page of what is asked of those on older versions. @returns how many it concerned */
  async page(workspaceId: string, job: JourneyJob & VersionJob, limit: number): Promise<number> {
    const { taken } = await this.untilKept(workspaceId, [], (tx, now) =>
      this.reader.ofJob(tx, job, limit, now),
    );
    return taken;
  }

  /** A turn that was overtaken is done again, a few times; then it is left for later. */
  private async untilKept(workspaceId: string, held: readonly Held[], reading: Reading): Promise<TurnResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(workspaceId, held, reading);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        journeyTurnsOvertaken.inc();
        if (tries === MOST_TRIES) return { taken: 0, more: true };
      }
    }
  }

  private async once(workspaceId: string, held: readonly Held[], reading: Reading): Promise<TurnResult> {
    const now = this.clock.now();
    const timer = journeyTurnSeconds.startTimer({ part: 'read' });
    const read = await this.database.tx(workspaceId, (tx) => reading(tx, now));
    timer();
    if (!read) return { taken: 0, more: false };
    const { plan, taken } = read;
    const walking = journeyTurnSeconds.startTimer({ part: 'walk' });
    const outcome = await this.walker.walk(workspaceId, read);
    walking();
    const writing = journeyTurnSeconds.startTimer({ part: 'write' });
    await this.database.tx(workspaceId, (tx) => this.writer.write(tx, plan, held, taken, outcome, now));
    this.pace.wrote(workspaceId, writing() * 1000);
    const refused = outcome.messages.refused.length > 0;
    if (refused) this.still.kept(workspaceId);
    observeTurn(taken, outcome, now);
    await this.follow(workspaceId, outcome, now);
    return { taken: taken.count, more: taken.more || outcome.unfinished || refused };
  }

  /** What was kept is on its way without this, too: later, when it is found. */
  private async follow(workspaceId: string, { messages, sayings }: TurnOutcome, now: Date): Promise<void> {
    for (const id of new Set(messages.effects.map(({ connectorId }) => connectorId))) {
      await this.delivery.wake(workspaceId, id);
    }
    if (sayings.length > 0) await this.outbox.drain(workspaceId, now);
  }
}
