import { Injectable } from '@nestjs/common';
import { ProfileReader, type ProfileValues } from '@percorso/profile';
import { ImportStore } from '../import/import.store';
import { MembershipStore } from '../membership/membership.store';
import { ColdReader } from './cold-reader';
import type { PersonFacts } from './leaf-answer';
import type { PersonState } from './person-state';
import type { MemberFacts, ProfileFacts } from './profile-answer';
import type { Touched, Turn } from './turn';
import { WakeStore } from './wake.store';

/** One person of a turn with all that leaves look at, as of the turn's end. */
export interface Subject extends PersonFacts {
  touch: Touched;
  state: PersonState;
  profile: ProfileFacts & Pick<ProfileValues, 'version'>;
  /** Audiences it is a member of. */
  memberships: ReadonlySet<string>;
}

export interface TurnSubjects {
  subjects: Subject[];
  /** Persons who are no more. */
  gone: number[];
}

const NONE: ReadonlySet<string> = new Set();

/** Brings the state of a turn's persons up to its end, and reads what else leaves look at. */
@Injectable()
export class SubjectReader {
  constructor(
    private readonly wakes: WakeStore,
    private readonly profiles: ProfileReader,
    private readonly imports: ImportStore,
    private readonly memberships: MembershipStore,
    private readonly cold: ColdReader,
  ) {}

  /** @param members what each is told of the members of its accounts */
  async read(turn: Turn, touched: readonly Touched[], members: MemberFacts): Promise<TurnSubjects> {
    const { tx, plan, cache, until } = turn;
    const persons = touched.map(({ person }) => person);
    const [voided, profiles, lists, memberships] = await Promise.all([
      this.wakes.voided(tx, persons),
      this.profiles.values(tx, persons, {
        identities: plan.looksAtIdentities,
        accounts: plan.looksAtAccounts,
      }),
      plan.looksAtLists ? this.imports.listsOf(tx, persons) : undefined,
      plan.programs.length > 0 ? this.memberships.membershipsOf(tx, persons) : undefined,
    ]);
    const gone = persons.filter((person) => !profiles.has(person));
    for (const person of [...voided, ...gone]) cache.drop(person);
    await this.wakes.forget(tx, gone);
    const alive = touched.filter(({ person }) => profiles.has(person));
    const current = await this.bringUpToDate(turn, alive);
    const overflow = await this.cold.readOverflowed(tx, plan, current, until);
    const subjects = current.map(({ touch, state }): Subject => {
      const { person } = touch;
      const read = overflow.get(person);
      return {
        touch,
        state,
        profile: { ...profiles.get(person)!, lists: lists?.get(person) ?? [], members },
        memberships: memberships?.get(person) ?? NONE,
        matches: (slot) => read?.get(slot) ?? state.matches(plan.slots[slot]!),
      };
    });
    return { subjects, gone };
  }

  private async bringUpToDate(
    { tx, cache, plan, now, until }: Turn,
    touched: readonly Touched[],
  ): Promise<{ touch: Touched; state: PersonState }[]> {
    const unknown = touched.filter(({ person }) => !cache.has(person)).map(({ person }) => person);
    const history = await this.cold.histories(tx, plan, unknown, until);
    return touched.map((touch) => {
      const known = cache.get(touch.person);
      if (known) for (const event of touch.events) cache.offer(known, event, now.getTime());
      const state = known ?? cache.build(touch.person, history.get(touch.person) ?? [], now.getTime());
      return { touch, state };
    });
  }
}
