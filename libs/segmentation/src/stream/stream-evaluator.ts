import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { EventReader, type PersonEvent, ProfileReader, type ProfileValues } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { ImportStore } from '../import/import.store';
import { LookupStore } from '../lookup/lookup.store';
import { shareMembership } from '../membership/membership-lock';
import { MembershipSignal } from '../membership/membership.signal';
import { type MembershipCause, MembershipStore, type PersonChange } from '../membership/membership.store';
import { AccountWakeStore } from './account-wake.store';
import { Answers } from './answer';
import { ColdReader } from './cold-reader';
import { type PersonCache, type PersonState } from './person-cache';
import { PersonCaches } from './person-caches';
import type { Plan, Program } from './plan';
import { PlanLoader } from './plan-loader';
import { PARTITION, StreamCursorStore } from './stream-cursor.store';
import { streamedEvents, wokenPersons } from './stream-metrics';
import { type DuePerson, type Wake, type WakeCause, WakeStore } from './wake.store';

/** Events and wakes of one transaction; both keep it well under 200 ms. */
const MOST_EVENTS = 1000;
const MOST_WAKES = 500;

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
  cache: PersonCache;
  until: number;
  now: Date;
  horizon: number;
}

export interface TurnResult {
  /** Events and wakes taken up; 0 when nothing waited or another process is at it. */
  taken: number;
}

/** Keeps every audience of a workspace up to date as events arrive and time passes, one short transaction at a time. */
@Injectable()
export class StreamEvaluator {
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
    private readonly imports: ImportStore,
    private readonly lookups: LookupStore,
    private readonly memberships: MembershipStore,
    private readonly signal: MembershipSignal,
  ) {}

  /** Take up what waits, up to a batch of it. What fails leaves no trace but state given up, which is found again. */
  async turn(workspaceId: string): Promise<TurnResult> {
    try {
      const { taken, changed } = await this.database.tx(workspaceId, (tx) => this.run(tx));
      if (changed) this.signal.changed(workspaceId);
      return { taken };
    } catch (error) {
      this.caches.drop(workspaceId);
      throw error;
    }
  }

  private async run(tx: Transaction): Promise<{ taken: number; changed: boolean }> {
    if (!(await this.cursors.tryHold(tx))) return { taken: 0, changed: false };
    await shareMembership(tx);
    const cursor = await this.cursors.read(tx);
    const applied = await this.events.applied(tx, PARTITION);
    const now = this.clock.now();
    const plan = await this.plans.load(tx);
    const until = Math.min(applied, cursor.pos + MOST_EVENTS);
    const cache = this.caches.take(tx.workspaceId!, plan, cursor.pos, now);
    const turn: Turn = { tx, plan, cache, until, now, horizon: cursor.horizon?.getTime() ?? -Infinity };

    const expanded = await this.accounts.expand(tx, plan.looksAtAccounts, now);
    const woken = await this.wakes.due(tx, now, MOST_WAKES);
    for (const { person, rebuild } of woken) if (rebuild) cache.drop(person);
    const events = until > cursor.pos ? await this.eventsOf(turn, cursor.pos) : [];
    if (expanded === 0 && woken.length === 0 && until === cursor.pos) return { taken: 0, changed: false };
    await this.lookups.refresh(tx, plan.items);
    const touched = touchedBy(events, woken);
    const changed = await this.evaluate(turn, touched);
    await this.cursors.advance(tx, until);
    this.caches.keep(tx.workspaceId!, cache, until);
    streamedEvents.inc(until - cursor.pos);
    wokenPersons.inc(woken.length);
    return { taken: until - cursor.pos + woken.length + expanded, changed };
  }

  private eventsOf({ tx, plan, until }: Turn, after: number): Promise<PersonEvent[]> {
    return this.events.between(tx, PARTITION, after, until, [...plan.slotsOf.keys()]);
  }

  private async evaluate(turn: Turn, touched: readonly Touched[]): Promise<boolean> {
    const { tx, plan, now } = turn;
    if (touched.length === 0) return false;
    const persons = touched.map(({ person }) => person);
    const profiles = await this.profiles.values(tx, persons, {
      identities: plan.identityPrograms.length > 0,
      accounts: plan.looksAtAccounts,
    });
    const lists = plan.looksAtLists ? await this.imports.listsOf(tx, persons) : undefined;
    const gone = persons.filter((person) => !profiles.has(person));
    for (const person of gone) turn.cache.drop(person);
    await this.wakes.forget(tx, gone);
    const alive = touched.filter(({ person }) => profiles.has(person));
    const asked = await this.bringUpToDate(turn, alive, profiles);
    const overflow = await this.cold.readOverflowed(tx, plan, asked, turn.until, now.getTime());
    const members = plan.programs.length > 0 ? await this.memberships.membershipsOf(tx, persons) : new Map();
    const changes: PersonChange[] = [];
    const woken: Wake[] = [];
    const seen: Wake[] = [];
    for (const { touch, state, programs } of asked) {
      const read = overflow.get(touch.person);
      const values = {
        profile: { ...profiles.get(touch.person)!, lists: lists?.get(touch.person) ?? [] },
        matches: (slot: number) => read?.get(slot) ?? state.matches(plan.slots[slot]!),
      };
      const answers = new Answers(plan, values, now.getTime(), plan.zone);
      let due = Infinity;
      for (const program of programs) {
        const answer = answers.of(program);
        due = Math.min(due, answer.due);
        const member: boolean = members.get(touch.person)?.has(program.audience.id) ?? false;
        if (answer.holds !== member) changes.push(changeOf(program, touch, answer.holds));
      }
      (touch.woken ? woken : seen).push({ person: touch.person, due: due <= turn.horizon ? due : Infinity });
    }
    await this.memberships.applyMany(tx, changes, now);
    await this.wakes.done(tx, woken, now);
    await this.wakes.sooner(tx, seen);
    return changes.length > 0;
  }

  /** State of each person as of the turn's end, and the audiences whose answer may be another one now. */
  private async bringUpToDate(
    turn: Turn,
    touched: readonly Touched[],
    profiles: ReadonlyMap<number, ProfileValues>,
  ): Promise<{ touch: Touched; state: PersonState; programs: readonly Program[] }[]> {
    const { cache, plan, now } = turn;
    const unknown = touched.filter(({ person }) => !cache.get(person)).map(({ person }) => person);
    const history = await this.cold.histories(turn.tx, plan, unknown, turn.until);
    return touched.map((touch) => {
      const known = cache.get(touch.person);
      if (known) for (const event of touch.events) cache.offer(known, event, now.getTime());
      const state = known ?? cache.build(touch.person, history.get(touch.person) ?? [], now.getTime());
      const { version } = profiles.get(touch.person)!;
      const changed = state.profileVersion !== version;
      state.profileVersion = version;
      return { touch, state, programs: known ? programsFor(plan, touch, changed) : plan.programs };
    });
  }
}

function touchedBy(events: readonly PersonEvent[], woken: readonly DuePerson[]): Touched[] {
  const touched = new Map<number, Touched>();
  for (const { person, cause } of woken)
    touched.set(person, { person, events: [], woken: true, ...(cause && { cause }) });
  for (const event of events) {
    const known = touched.get(event.person);
    if (known) known.events.push(event);
    else touched.set(event.person, { person: event.person, events: [event], woken: false });
  }
  return [...touched.values()];
}

/** Of a person who was woken all; else those that look at what came, or at the profile if it changed. */
function programsFor(plan: Plan, { events, woken }: Touched, profileChanged: boolean): readonly Program[] {
  if (woken) return plan.programs;
  const programs = new Set<Program>([...plan.unsettled, ...plan.identityPrograms]);
  if (profileChanged) for (const program of plan.profilePrograms) programs.add(program);
  for (const { name } of events) for (const program of plan.programsOf.get(name) ?? []) programs.add(program);
  return [...programs];
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
