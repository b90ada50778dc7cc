import type { ClaimTurn } from './lane-claim';
import type { Lane, ProviderGateway } from './provider-gateway';

/** How long what a connector is like is not asked again while it is busy. */
const DESCRIBED_MS = 2_000;
/** A busy connector's effects in doubt are looked for as often as this. */
const DOUBT_MS = 2_000;
/** What the calls of one claim should take in all. */
const CLAIM_MS = 1_000;

/** One connector's work in this process. */
export class LaneWork {
  state: 'resting' | 'waiting' | 'turning' = 'resting';
  /** To be looked at once more: it was woken during its turn, or has more to give. */
  again = false;
  /** To be looked at when a call that is out has ended. */
  missed = false;
  /** No claim has room beside those that are out. */
  full = false;
  /** It was woken while it was full. */
  woken = false;
  /** Calls out, and parts of work that are not finished. */
  calls = 0;
  parts = 0;
  /** A timer will wake it. */
  timed = false;
  private turns = 0;
  private doubtAt = -Infinity;
  private lane?: { described: Promise<Lane>; at: number };

  constructor(
    readonly workspaceId: string,
    readonly connectorId: string,
    /** Milliseconds that a call takes, where one was seen. */
    public callMs?: number,
  ) {}

  /** Whether it is time to look for effects in doubt; asked once, it is not for a while. */
  isDoubtDue(): boolean {
    const at = performance.now();
    if (at - this.doubtAt < DOUBT_MS) return false;
    this.doubtAt = at;
    return true;
  }

  describe(gateway: ProviderGateway): Promise<Lane> {
    const at = performance.now();
    if (!this.lane || at - this.lane.at > DESCRIBED_MS) {
      this.lane = { described: gateway.describe(this.workspaceId, this.connectorId), at };
    }
    return this.lane.described;
  }

  nextTurn(): ClaimTurn {
    return {
      turn: this.turns++,
      depth: this.callMs === undefined ? 2 : Math.max(1, Math.floor(CLAIM_MS / this.callMs)),
    };
  }

  /** Learns how long a call takes, from the mean of one claim's. */
  note(callMs: number): void {
    this.callMs = this.callMs === undefined ? callMs : (this.callMs + callMs) / 2;
  }
}
