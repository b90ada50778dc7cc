import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { LoadGate, ProfileReader } from '@percorso/profile';
import { Database, Shards, type Transaction } from '@percorso/storage';
import type { Definition } from '../definition/definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { type ChangeChunk, chunksOf } from '../evaluation/chunk-changes';
import { findMembers } from '../evaluation/find-members';
import { diffMembers } from '../membership/diff-members';
import { shareMembership } from '../membership/membership-lock';
import { SetGuard, type SetMoment } from '../stream/set-guard';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { Sweeper } from '../stream/sweeper';
import { MemberConditionStore } from './member-condition.store';
import { type KeptCondition, memberConditionsOf } from './member-conditions';
import { MemberMatchStore } from './member-match.store';

/** Brings what is kept of the members of accounts to what sets say; before an audience that asks for it is computed. */
@Injectable()
export class MemberFiller {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly profiles: ProfileReader,
    private readonly conditions: MemberConditionStore,
    private readonly matches: MemberMatchStore,
    private readonly guard: SetGuard,
    private readonly cursors: StreamCursorStore,
    private readonly sweeper: Sweeper,
  ) {}

  /**
   * Everything a definition asks of members is complete afterwards; how many rows had been wrong that should have been
   * right.
   * @param done keys of what was complete a moment ago, and is now
   * @throws Problem 409 where an edit made it needless meanwhile
   */
  async fill(
    workspaceId: string,
    definition: Definition,
    zone = DEFAULT_ZONE,
    done = new Set<string>(),
  ): Promise<number> {
    let wrong = 0;
    for (const [key, where] of memberConditionsOf(definition, zone)) {
      if (done.has(key)) continue;
      done.add(key);
      const kept = await this.database.tx(workspaceId, (tx) => this.conditions.open(tx, key));
      const changed = await this.hold(workspaceId, kept, { version: 1, where }, zone);
      if (kept.settled) wrong += changed;
      else await this.settle(workspaceId, kept);
    }
    return wrong;
  }

  /** Compare with a set of now and write what differs; how many rows that were. */
  private async hold(
    workspaceId: string,
    kept: KeptCondition,
    definition: Definition,
    zone: string,
  ): Promise<number> {
    const since = this.clock.now();
    const { persons, moment } = await this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const now = this.clock.now();
      const scope = { workspaceId, now, asOfPos: pos, zone };
      const [members] = await findMembers(this.shards, [inAccounts(definition)], scope);
      const persons = members!.persons();
      return { persons, moment: { pos, asOf: now, since } satisfies SetMoment };
    });
    const caughtUp = await this.guard.caughtUp(workspaceId, moment);
    const before = await this.database.tx(workspaceId, (tx) => this.matches.persons(tx, kept.id));
    const { exited } = diffMembers(before.all, persons);
    const { entered } = diffMembers(before.whole, persons);
    const overtaking = this.guard.overtaking(moment);
    let changed = 0;
    for (const { entered: holding, exited: not } of chunksOf({ entered, exited })) {
      changed += await this.database.tx(workspaceId, async (tx) => {
        await this.guard.hold(tx);
        await shareMembership(tx);
        const chunk = {
          entered: await overtaking.remaining(tx, holding),
          exited: await overtaking.remaining(tx, not),
        };
        return this.write(tx, kept, chunk);
      });
    }
    if (!kept.settled) await this.sweeper.sweepDefinitions(workspaceId, [definition], zone, moment.asOf);
    return caughtUp ? changed : 0;
  }

  private async write(
    tx: Transaction,
    kept: KeptCondition,
    { entered, exited }: ChangeChunk,
  ): Promise<number> {
    const profiles = await this.profiles.values(tx, [...entered, ...exited], { accounts: true });
    const said = [...profiles.values()].map(({ person, groups }) => ({
      ...{ condition: kept.id, person, groups, holds: entered.includes(person) },
    }));
    const gone = exited.filter((person) => !profiles.has(person));
    for (const person of gone) said.push({ condition: kept.id, person, groups: [], holds: false });
    const changed = await this.matches.save(tx, said);
    // While it is being filled nobody is answered by it.
    if (kept.settled) {
      const now = this.clock.now();
      await this.matches.wake(tx, changed, () => true, now);
      await this.cursors.wakeBy(tx, now);
    }
    return changed.length;
  }

  private async settle(workspaceId: string, { id }: KeptCondition): Promise<void> {
    const settled = await this.database.tx(workspaceId, async (tx) => {
      await this.guard.hold(tx);
      return this.conditions.settle(tx, id);
    });
    if (!settled)
      throw Problem.conflict(
        'definition-changed',
        'The definition was changed meanwhile: its own evaluation follows.',
      );
  }
}

/** Of those alone who belong to an account: nobody else is asked about. */
const inAccounts = ({ where }: Definition): Definition => ({
  version: 1,
  where: { kind: 'all', conditions: [where, { kind: 'account', where: [] }] },
});
