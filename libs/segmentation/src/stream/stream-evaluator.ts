import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { EventReader, type PersonEvent, ProfileReader } from '@percorso/profile';
import { Database, type Held, type Transaction } from '@percorso/storage';
import { TraitKeeper } from '../computed-trait/trait-keeper';
import { ImportStore } from '../import/import.store';
import { LookupStore } from '../lookup/lookup.store';
import type { Said } from '../member/member-match.store';
import { MemberTurn, saidOf, TurnMembers } from '../member/member-turn';
import { shareMembership } from '../membership/membership-lock';
import { MembershipSignal } from '../membership/membership.signal';
import { type MembershipCause, MembershipStore, type PersonChange } from '../membership/membership.store';
import { AccountWakeStore } from './account-wake.store';
import { dueOf, holdsOf } from './answer';
import { Answers } from './answers';
import { ColdReader } from './cold-reader';
import type { PersonCache } from './person-cache';
import { PersonCaches } from './person-caches';
import type { PersonState } from './person-state';
import type { PersonFacts } from './leaf-answer';
import type { Asked, Plan, Program } from './plan';
import { PlanLoader } from './plan-loader';
import { isEverybody, type Shard } from './shard';
import { LOG_PARTITION, type StreamCursor, StreamCursorStore, type Taken } from './stream-cursor.store';
import { streamedEvents, streamLag, wokenPersons } from './stream-metrics';
import { type DuePerson, type Wake, type WakeCause, WakeStore } from './wake.store';

/** Events, wakes, answers and changes of one transaction; together they keep it under 200 ms. */
const MOST_EVENTS = 1000;
const MOST_WAKES = 500;
const MOST_ANSWERS = 50_000;
const MOST_CHANGES = 2000;

/** One person of a turn and why it is looked at. */
interface Touched {
  person: number;
  events: PersonEvent[];
  woken: boolean;
  /** Why it was woken, where it is not by time. */
  cause?: WakeCause;
}

/** What one turn works on: everything as of `until` and `now`. */
interface Turn {
  tx: Transaction;
  plan: Plan;
  shard: Shard;
  cache: PersonCache;
  until: number;
  now: Date;
  horizon: number;
  /** Answers it may give. */
  allowed: number;
}

/** More answers turned out to be other ones than a short transaction can write: less is to be taken up. */
class TooManyChanges extends Error {
  override readonly name = 'TooManyChanges';

  constructor(readonly fewer: number) {
    super(`at most ${fewer} answers fit`);
  }
}

export interface TurnResult {
  /** Events and wakes taken up; 0 when nothing waited or another process is at it. */
  taken: number;
}

/** What one transaction did. */
interface Done extends TurnResult {
  changed: boolean;
  /** Nothing was done: members of a changed account are to be woken first. */
  accountsWait: boolean;
}

/**
 * Keeps every audience of a workspace up to date as events arrive and time passes, one short transaction at a time.
 * Processes share a workspace by its persons' partitions; those of one process that stand at one position take a turn
 * together.
 */
@Injectable()
export class StreamEvaluator {
  /** Answers a turn may give, by workspace, where they turned out to be too many: doubled turn by turn. */
  private readonly paces = new Map<string, number>();

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly events: EventReader,
    private readonly profiles: ProfileReader,
    private readonly plans: PlanLoader,
    private readonly caches: PersonCaches,
    private readonly cold: ColdReader,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
    private readonly accounts: AccountWakeStore,
    private readonly members: MemberTurn,
    private readonly imports: ImportStore,
    private readonly lookups: LookupStore,
    private readonly traits: TraitKeeper,
    private readonly memberships: MembershipStore,
    private readonly signal: MembershipSignal,
  ) {}

  /**
   * Take up what waits, up to a batch of it. What fails leaves no trace but state given up, which is found again.
   * @param held the partitions to work on, by leases of this process; without them it takes all, alone
   */
  async turn(workspaceId: string, held?: readonly Held[]): Promise<TurnResult> {
    const allowed = this.paces.get(workspaceId) ?? MOST_ANSWERS;
    try {
      let woken = 0;
      let done = await this.database.tx(workspaceId, (tx) => this.run(tx, allowed, held, true));
      if (done.accountsWait) {
        woken = await this.database.tx(workspaceId, (tx) => this.expandAccount(tx));
        done = await this.database.tx(workspaceId, (tx) => this.run(tx, allowed, held, false));
      }
      if (done.changed) this.signal.changed(workspaceId);
      if (allowed * 2 < MOST_ANSWERS) this.paces.set(workspaceId, allowed * 2);
      else this.paces.delete(workspaceId);
      return { taken: done.taken + woken };
    } catch (error) {
      if (error instanceof TooManyChanges) {
        this.paces.set(workspaceId, error.fewer);
        return this.turn(workspaceId, held);
      }
      this.caches.drop(workspaceId);
      throw error;
    }
  }

  private async run(
    tx: Transaction,
    allowed: number,
    held: readonly Held[] | undefined,
    accountsFirst: boolean,
  ): Promise<Done> {
    const nothing = { taken: 0, changed: false, accountsWait: false };
    // In this order: what is read is read under the locks.
    const [granted, , taken, allApplied, plan] = await Promise.all([
      this.cursors.tryTurn(tx, !held),
      shareMembership(tx),
      this.cursors.take(tx, held),
      this.events.applied(tx, LOG_PARTITION),
      this.plans.load(tx),
    ]);
    if (!granted || taken.cursors.length === 0) return nothing;
    if (taken.accountsWait && accountsFirst) return { ...nothing, accountsWait: true };
    const { from, to, cursors } = lowest(taken);
    const shard = { partitions: cursors.map(({ partition }) => partition), of: taken.of };
    const applied = Math.min(to, allApplied);
    const now = this.clock.now();
    const questions = plan.asked.length + plan.traits.length;
    const until = questions > 0 ? Math.min(applied, from + MOST_EVENTS) : applied;
    const cache = this.caches.take(tx.workspaceId!, plan, cursors, taken.of, now);
    const horizon = Math.min(...cursors.map((cursor) => cursor.horizon?.getTime() ?? -Infinity));
    const turn: Turn = { tx, plan, shard, cache, until, now, horizon, allowed };

    const [woken, waiting] = await Promise.all([
      this.wakes.due(tx, shard, now, Math.ceil(Math.min(MOST_WAKES, allowed / questions))),
      until > from ? this.eventsOf(turn, from) : [],
      this.lookups.refresh(tx, plan.items),
    ]);
    const events = affordable(turn, waiting, woken.length * questions);
    if (events.length < waiting.length) turn.until = events.at(-1)!.pos;
    // A moment whose wake was lost would be waited for again and again.
    const overdue = cursors.some(({ nextWake }) => nextWake !== null && nextWake <= now);
    if (woken.length === 0 && turn.until === from && !overdue) return nothing;
    await this.members.begin(tx, plan);
    const changed = await this.evaluate(turn, [...touchedBy(events, woken).values()]);
    this.caches.keep(tx.workspaceId!, await this.cursors.advance(tx, cursors, taken.of, turn.until));
    streamedEvents.inc(events.length);
    const newest = events.at(-1);
    if (newest) streamLag.observe((now.getTime() - newest.receivedAt.getTime()) / 1000);
    wokenPersons.inc(woken.length);
    return { taken: turn.until - from + woken.length, changed, accountsWait: false };
  }

  /** Wake the next members of a changed account, whichever partitions they are in; how many rows that took up. */
  private async expandAccount(tx: Transaction): Promise<number> {
    await this.cursors.hold(tx);
    const now = this.clock.now();
    const plan = await this.plans.load(tx);
    const expanded = await this.accounts.expand(tx, plan.looksAtAccounts, now);
    if (expanded > 1) await this.cursors.wakeBy(tx, now);
    return expanded;
  }

  private async eventsOf({ tx, plan, shard, until }: Turn, after: number): Promise<PersonEvent[]> {
    // Nobody asks: whoever defines an audience later has it computed as a set.
    if (plan.asked.length + plan.traits.length === 0) return [];
    const names = [...plan.slotsOf.keys()];
    return this.events.between(
      tx,
      LOG_PARTITION,
      after,
      until,
      names,
      isEverybody(shard) ? undefined : shard,
    );
  }

  private async evaluate(turn: Turn, touched: readonly Touched[]): Promise<boolean> {
    const { tx, plan, now } = turn;
    if (touched.length === 0) return false;
    const persons = touched.map(({ person }) => person);
    const [voided, profiles, lists, members] = await Promise.all([
      this.wakes.voided(tx, persons),
      this.profiles.values(tx, persons, {
        identities: plan.looksAtIdentities,
        accounts: plan.looksAtAccounts,
      }),
      plan.looksAtLists ? this.imports.listsOf(tx, persons) : undefined,
      plan.programs.length > 0
        ? this.memberships.membershipsOf(tx, persons)
        : new Map<number, ReadonlySet<string>>(),
    ]);
    for (const person of voided) turn.cache.drop(person);
    const gone = persons.filter((person) => !profiles.has(person));
    for (const person of gone) turn.cache.drop(person);
    await this.wakes.forget(tx, gone);
    const alive = touched.filter(({ person }) => profiles.has(person));
    const asked = await this.bringUpToDate(turn, alive);
    const overflow = await this.cold.readOverflowed(tx, plan, asked, turn.until);
    const changes: PersonChange[] = [];
    const woken: Wake[] = [];
    const seen: Wake[] = [];
    const answers = new Answers(plan);
    const ofAccounts = new TurnMembers();
    const subjects = asked.map(({ touch, state }) => {
      const read = overflow.get(touch.person);
      return {
        touch,
        state,
        profile: {
          ...profiles.get(touch.person)!,
          lists: lists?.get(touch.person) ?? [],
          members: ofAccounts,
        },
        matches: (slot: number) => read?.get(slot) ?? state.matches(plan.slots[slot]!),
      };
    });
    const kept = await this.traits.keep(tx, plan, subjects, now);
    const tell = (touch: Touched, questions: Iterable<Asked>): void => {
      let due = kept.get(touch.person)?.due ?? Infinity;
      for (const question of questions) {
        const answer = answers.of(question);
        due = Math.min(due, dueOf(answer));
        if (!('audience' in question)) continue;
        const member = members.get(touch.person)?.has(question.audience.id) ?? false;
        if (holdsOf(answer) !== member) changes.push(changeOf(question, touch, holdsOf(answer)));
      }
      const soon = due <= turn.horizon || due <= now.getTime();
      (touch.woken ? woken : seen).push({ person: touch.person, due: soon ? due : Infinity });
    };
    const said: Said[] = [];
    const inAccounts: {
      touch: Touched;
      state: PersonState;
      person: PersonFacts;
      questions: readonly Asked[];
    }[] = [];
    for (const { touch, state, ...subject } of subjects) {
      const profile = { ...subject.profile, ...kept.get(touch.person)?.profile };
      const person = { ...subject, profile };
      const look = { now: now.getTime(), profileVersion: profile.version, woken: touch.woken };
      const questions = answers.ask(state, person, look);
      if (plan.members.length > 0) said.push(...saidOf(questions, answers, profile));
      if (plan.members.length > 0 && profile.groups.length > 0)
        inAccounts.push({ touch, state, person, questions });
      else tell(touch, questions);
    }
    // What is asked of members is found out of everybody first: then it is known who shares an account with whom.
    const accounts = inAccounts.flatMap(({ person }) => person.profile.groups);
    await this.members.keep(tx, plan, { said, gone, accounts }, ofAccounts, now);
    for (const { touch, state, person, questions } of inAccounts)
      tell(touch, new Set([...questions, ...answers.askMembers(state, person, now.getTime())]));
    this.assertFew(turn, touched, changes);
    await this.wakes.done(tx, woken, now);
    await this.wakes.sooner(tx, seen);
    // Last, for it locks the audiences' rows, for which the other partitions wait.
    await this.memberships.applyMany(tx, changes, now);
    return changes.length > 0;
  }

  /** One person of the events and one of the wakes are taken up whatever they change. @throws TooManyChanges */
  private assertFew(
    { cache, allowed }: Turn,
    touched: readonly Touched[],
    changes: readonly PersonChange[],
  ): void {
    if (changes.length <= MOST_CHANGES || touched.length <= 2) return;
    // Their state is ahead of the turn that will be: it is found again.
    for (const { person } of touched) cache.drop(person);
    throw new TooManyChanges(Math.ceil((allowed * MOST_CHANGES) / changes.length / 2));
  }

  /** State of each person as of the turn's end. */
  private async bringUpToDate(
    turn: Turn,
    touched: readonly Touched[],
  ): Promise<{ touch: Touched; state: PersonState }[]> {
    const { cache, plan, now } = turn;
    const unknown = touched.filter(({ person }) => !cache.has(person)).map(({ person }) => person);
    const history = await this.cold.histories(turn.tx, plan, unknown, turn.until);
    return touched.map((touch) => {
      const known = cache.get(touch.person);
      if (known) for (const event of touch.events) cache.offer(known, event, now.getTime());
      const state = known ?? cache.build(touch.person, history.get(touch.person) ?? [], now.getTime());
      return { touch, state };
    });
  }
}

/** The partitions that are furthest back, which stand at `from`; they may go up to where the next ones stand. */
function lowest({ cursors }: Taken): { from: number; to: number; cursors: StreamCursor[] } {
  const from = Math.min(...cursors.map(({ pos }) => pos));
  const ahead = cursors.map(({ pos }) => pos).filter((pos) => pos > from);
  return { from, to: Math.min(...ahead), cursors: cursors.filter(({ pos }) => pos === from) };
}

/** Those of `events` that one transaction has time for, the first in any case; `spent`: answers given besides. */
function affordable({ plan, cache, allowed }: Turn, events: PersonEvent[], spent: number): PersonEvent[] {
  const seen = new Set<number>();
  const always =
    plan.unsettled.length + plan.identityPrograms.length + plan.profilePrograms.length + plan.members.length;
  let answers = spent;
  for (const [index, { person, name }] of events.entries()) {
    const known = cache.has(person);
    if (!seen.has(person)) answers += known ? always : plan.asked.length + plan.traits.length;
    if (known) answers += plan.programsOf.get(name)?.length ?? 0;
    if (answers > allowed && index > 0) return events.slice(0, index);
    seen.add(person);
  }
  return events;
}

function touchedBy(events: readonly PersonEvent[], woken: readonly DuePerson[]): Map<number, Touched> {
  const touched = new Map<number, Touched>();
  for (const { person, cause } of woken)
    touched.set(person, { person, events: [], woken: true, ...(cause && { cause }) });
  for (const event of events) {
    const known = touched.get(event.person);
    if (known) known.events.push(event);
    else touched.set(event.person, { person: event.person, events: [event], woken: false });
  }
  return touched;
}

function changeOf({ audience }: Program, touch: Touched, member: boolean): PersonChange {
  return {
    audienceId: audience.id,
    person: touch.person,
    member,
    cause: causeOf(audience, touch),
    definitionVersion: audience.definitionVersion,
  };
}

function causeOf(audience: Program['audience'], { events, cause }: Touched): MembershipCause {
  // Whoever belonged already when the definition came enters by it, not by what happens to happen now.
  if (audience.backfilledVersion === null) return { kind: 'backfill' };
  if (audience.backfilledVersion !== audience.definitionVersion) return { kind: 'edit' };
  const last = events.at(-1);
  return last ? { kind: 'event', messageId: last.messageId } : (cause ?? { kind: 'time' });
}
