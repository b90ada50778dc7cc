import { Injectable } from '@nestjs/common';
import type { Cleared, PersonHook, PersonRef, ProfilesCause } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { MemberMatchStore } from '../member/member-match.store';
import { holdMembership } from './membership-lock';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { WakeStore } from '../stream/wake.store';
import { MembershipCause, MembershipStore } from './membership.store';

/** Persons come and go between evaluations: their memberships follow inside the same transaction. */
@Injectable()
export class MembershipHooks implements PersonHook {
  constructor(
    private readonly memberships: MembershipStore,
    private readonly members: MemberMatchStore,
    private readonly wakes: WakeStore,
    private readonly cursors: StreamCursorStore,
  ) {}

  async merged(
    tx: Transaction,
    pairs: readonly { winner: PersonRef; loser: PersonRef }[],
    now: Date,
  ): Promise<void> {
    if (pairs.length === 0) return;
    await holdMembership(tx);
    for (const { winner, loser } of pairs) {
      await this.leaveAll(
        tx,
        loser,
        { kind: 'merge', winner: winner.profileId, loser: loser.profileId },
        now,
      );
    }
    await this.members.forget(
      tx,
      pairs.map(({ loser }) => loser.person),
      now,
    );
    await this.lookAgain(
      tx,
      pairs.flatMap(({ winner, loser }) => [winner, loser]),
      now,
    );
  }

  /** What the merge took is given back; the next look says whether it still holds. */
  async unmerged(tx: Transaction, pair: { winner: PersonRef; loser: PersonRef }, now: Date): Promise<void> {
    await holdMembership(tx);
    const { winner, loser } = pair;
    const cause: MembershipCause = { kind: 'unmerge', winner: winner.profileId, loser: loser.profileId };
    for (const left of await this.memberships.audiencesLeftByMerge(tx, loser.person)) {
      await this.memberships.apply(tx, { ...left, entered: [loser.person], exited: [], cause, at: now });
    }
    await this.lookAgain(tx, [winner, loser], now);
  }

  async erased(tx: Transaction, persons: readonly PersonRef[], now: Date): Promise<Cleared[]> {
    let count = 0;
    if (persons.length > 0) {
      await holdMembership(tx);
      for (const person of persons) count += await this.leaveAll(tx, person, { kind: 'erasure' }, now);
      count += await this.members.forget(
        tx,
        persons.map(({ person }) => person),
        now,
      );
      await this.lookAgain(tx, persons, now);
    }
    return [{ place: 'audiences', count }];
  }

  /** Whoever evaluates sees the new profile and the wake, or neither. */
  async profilesChanged(
    tx: Transaction,
    persons: readonly number[],
    cause: ProfilesCause,
    now: Date,
  ): Promise<void> {
    await this.cursors.hold(tx);
    await this.wakes.wake(tx, persons, cause, now);
    await this.cursors.wakeBy(tx, now);
  }

  /** Their events are others now: what was kept of them is found again. */
  private async lookAgain(tx: Transaction, persons: readonly PersonRef[], now: Date): Promise<void> {
    await this.wakes.rebuild(
      tx,
      persons.map(({ person }) => person),
      now,
    );
    await this.cursors.wakeBy(tx, now);
  }

  private async leaveAll(
    tx: Transaction,
    { person }: PersonRef,
    cause: MembershipCause,
    at: Date,
  ): Promise<number> {
    const audiences = await this.memberships.audiencesOf(tx, person);
    for (const joined of audiences) {
      await this.memberships.apply(tx, { ...joined, entered: [], exited: [person], cause, at });
    }
    return audiences.length;
  }
}
