import { Injectable } from '@nestjs/common';
import { EventReader } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { LOG_PARTITION, StreamCursorStore } from './stream-cursor.store';
import { WakeStore } from './wake.store';

/** A set that was computed at one position and one moment. */
export interface SetMoment {
  pos: number;
  asOf: Date;
  /** Before anything of it was read: who was woken since may have been answered from newer data. */
  since: Date;
  /** Where it looked at computed traits: the position up to which these were there, if not `pos`. */
  traitsPos?: number;
}

const LOOK_MS = 50;

/**
 * Lets a set be written beside the incremental evaluation: whoever was looked at after the set's moment keeps the newer
 * answer, so nobody is moved back, and nobody gets two deltas for one change.
 */
@Injectable()
export class SetGuard {
  /** Looks without progress after which nobody seems to be at it: longer than it takes others to take over from the dead. */
  protected readonly patience: number = 200;

  constructor(
    private readonly database: Database,
    private readonly events: EventReader,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
  ) {}

  /** Wait until the incremental evaluation has come to the set's moment; false when it stands still before. */
  async caughtUp(workspaceId: string, moment: SetMoment): Promise<boolean> {
    let { patience } = this;
    for (let last = -1; patience > 0; patience--) {
      const { pos, positions, nextWake, horizon } = await this.database.tx(workspaceId, (tx) =>
        this.cursors.read(tx),
      );
      if (horizon === null) return false;
      if (pos >= moment.pos && (nextWake === null || nextWake > moment.asOf)) return true;
      const passed = positions.reduce((sum, one) => sum + one, 0);
      if (passed !== last) ({ patience } = this);
      last = passed;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  /** The position that has been reached, once the turn that runs has ended. */
  async position(tx: Transaction): Promise<number> {
    await this.cursors.hold(tx);
    return (await this.cursors.read(tx)).pos;
  }

  /** Take the right to write; held until the transaction ends. */
  hold(tx: Transaction): Promise<void> {
    return this.cursors.hold(tx);
  }

  /** Have every process give up the state it keeps in memory. */
  async distrustState(tx: Transaction): Promise<void> {
    await this.cursors.hold(tx);
    await this.cursors.distrustState(tx);
  }

  overtaking(moment: SetMoment): Overtaking {
    return new Overtaking(moment, this.events, this.cursors, this.wakes);
  }
}

/** Who was looked at after a set's moment, followed while the set is written. */
export class Overtaking {
  private readonly persons = new Set<number>();
  /** By partition, as far as its events were followed. */
  private until: readonly number[] = [];

  constructor(
    private readonly moment: SetMoment,
    private readonly events: EventReader,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
  ) {}

  /** Those of `persons` for whom the set still is the newest word. The caller holds the right to write. */
  async remaining(tx: Transaction, persons: readonly number[]): Promise<number[]> {
    await this.follow(tx);
    const woken = new Set(await this.wakes.evaluatedSince(tx, persons, this.moment.since));
    return persons.filter((person) => !this.persons.has(person) && !woken.has(person));
  }

  private async follow(tx: Transaction): Promise<void> {
    const { positions } = await this.cursors.read(tx);
    const start = Math.min(this.moment.pos, this.moment.traitsPos ?? Infinity);
    // In other partitions than before everything is looked through again.
    const from = positions.map((_, partition) =>
      positions.length === this.until.length ? this.until[partition]! : start,
    );
    this.until = positions.map((pos, partition) => Math.max(pos, from[partition]!));
    if (this.until.every((pos, partition) => pos === from[partition])) return;
    const persons = await this.events.personsBetween(tx, LOG_PARTITION, from, this.until);
    for (const person of persons) this.persons.add(person);
  }
}
