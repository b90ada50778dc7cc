import { Inject, Injectable, Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import { FairTurns } from './fair-turns';
import { LaneDelivery, type SendClaim } from './lane-delivery';
import { LaneWork } from './lane-work';
import { type Lane, ProviderGateway } from './provider-gateway';
import { UnknownResolver } from './unknown-resolver';

/** Longer waits are left to the reconciler's next look. */
const LONGEST_WAIT_MS = 5_000;
/** Of so many connectors it is remembered how long their calls took. */
const REMEMBERED = 10_000;

/**
 * Gives connectors their turns in this process. A turn claims a batch; the call itself runs beside the turns, so that a
 * connector that hangs holds its own calls and nobody else's.
 */
@Injectable()
export class LanePump {
  private readonly logger = new Logger(LanePump.name);
  private readonly lanes = new Map<string, LaneWork>();
  private readonly turns = new FairTurns();
  private readonly calls = new Map<string, number>();
  /** How long calls took of connectors that have nothing to do now: their next claim is as large as the last. */
  private readonly callMs = new Map<string, number>();
  private readonly running = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private turning = 0;

  constructor(
    private readonly gateway: ProviderGateway,
    private readonly delivery: LaneDelivery,
    private readonly resolver: UnknownResolver,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {}

  /** Sees to it that the lane is looked at; returns at once. */
  wake(workspaceId: string, connectorId: string): void {
    if (this.ending.signal.aborted) return;
    const key = `${workspaceId}/${connectorId}`;
    const work = this.lanes.get(key) ?? new LaneWork(workspaceId, connectorId, this.callMs.get(key));
    this.lanes.set(key, work);
    this.queue(work);
  }

  /** Finishes the calls in hand and starts no other. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.settled();
  }

  /** Resolves when every lane that was woken has nothing left to do now. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private queue(work: LaneWork): void {
    work.woken ||= work.full;
    if (work.full) return;
    if (work.state === 'turning') work.again = true;
    if (work.state !== 'resting' || this.ending.signal.aborted) return;
    work.state = 'waiting';
    this.turns.add(work);
    this.giveTurns();
  }

  private giveTurns(): void {
    while (this.turning < this.options.turnsAtOnce && !this.ending.signal.aborted) {
      const turn = this.turns.next((workspaceId) => this.hasRoom(workspaceId));
      if (!turn) return;
      const work = this.lanes.get(`${turn.workspaceId}/${turn.connectorId}`)!;
      work.state = 'turning';
      this.turning++;
      this.run(work, this.turn(work), () => {
        this.turning--;
        work.state = 'resting';
        if (work.again) this.queue(work);
        else this.forget(work);
        this.giveTurns();
      });
    }
  }

  /** A workspace may have its share of all calls out, so that one whose providers hang leaves room for the others. */
  private hasRoom(workspaceId: string): boolean {
    const all = [...this.calls.values()].reduce((sum, count) => sum + count, 0);
    const { callsAtOnce, callsPerWorkspace } = this.options;
    return all < callsAtOnce && (this.calls.get(workspaceId) ?? 0) < callsPerWorkspace;
  }

  private async turn(work: LaneWork): Promise<void> {
    const { workspaceId, connectorId } = work;
    work.again = false;
    work.missed = false;
    const lane = await work.describe(this.gateway);
    if (work.isDoubtDue() && (await this.resolver.isDue(workspaceId, connectorId))) {
      this.run(work, this.resolver.resolve(workspaceId, connectorId, lane), () => this.queue(work));
    }
    const claim = await this.delivery.claim(workspaceId, connectorId, lane, work.nextTurn());
    this.turns.charge(work, claim.kind === 'send' ? claim.effects.length : 1);
    if (claim.kind === 'decided') work.again = true;
    if (claim.kind === 'idle' && claim.waitMs !== undefined) this.wakeIn(work, claim.waitMs);
    if (claim.kind !== 'send') return;
    if (claim.left && claim.room) work.again = true;
    else if (claim.left) work.missed = true;
    this.countCall(workspaceId, 1);
    work.calls++;
    work.full = !claim.room;
    this.run(work, this.send(work, lane, claim), () => {
      this.countCall(workspaceId, -1);
      work.calls--;
      work.full = false;
      if (work.missed || work.woken) this.queue(work);
      else this.forget(work);
      this.giveTurns();
    });
  }

  private async send(work: LaneWork, lane: Lane, claim: SendClaim): Promise<void> {
    const { workspaceId, connectorId } = work;
    const { callMs } = await this.delivery.send(workspaceId, connectorId, lane, claim);
    work.note(callMs);
    work.woken = false;
    // What waited for one of its persons, or for room, nobody else looks for.
    if (!work.missed) work.missed = await this.delivery.isWaiting(workspaceId, connectorId);
  }

  private wakeIn(work: LaneWork, waitMs: number): void {
    if (waitMs > LONGEST_WAIT_MS || work.timed) return;
    work.timed = true;
    this.run(work, pause(waitMs, this.ending.signal), () => {
      work.timed = false;
      this.queue(work);
    });
  }

  /** Runs a part of a lane's work to its end, whatever that is, and then `after`. */
  private run(work: LaneWork, part: Promise<void>, after: () => void): void {
    work.parts++;
    const run = part
      .catch((error: unknown) => {
        const cause =
          error instanceof Problem ? error.code : error instanceof Error ? error.message : 'unknown';
        this.logger.error({ connectorId: work.connectorId, cause }, 'A lane stopped and will be tried again');
      })
      .then(() => {
        work.parts--;
        after();
      })
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private countCall(workspaceId: string, change: number): void {
    const count = (this.calls.get(workspaceId) ?? 0) + change;
    if (count > 0) this.calls.set(workspaceId, count);
    else this.calls.delete(workspaceId);
  }

  private forget(work: LaneWork): void {
    if (work.parts > 0 || work.state !== 'resting') return;
    this.turns.leave(work);
    const key = `${work.workspaceId}/${work.connectorId}`;
    this.lanes.delete(key);
    if (work.callMs === undefined) return;
    if (this.callMs.size >= REMEMBERED) this.callMs.clear();
    this.callMs.set(key, work.callMs);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
