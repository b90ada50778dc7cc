import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { EventReader, type PersonEvent } from '@percorso/profile';
import { Database, type Held, type Transaction } from '@percorso/storage';
import { type KeptTraits, TraitKeeper } from '../computed-trait/trait-keeper';
import { LookupStore } from '../lookup/lookup.store';
import type { Said } from '../member/member-match.store';
import { MemberTurn, saidOf, TurnMembers } from '../member/member-turn';
import { shareMembership } from '../membership/membership-lock';
import { MembershipSignal } from '../membership/membership.signal';
import { MembershipStore } from '../membership/membership.store';
import { AccountWakeStore } from './account-wake.store';
import { Answers } from './answers';
import { PersonCaches } from './person-caches';
import type { Asked } from './plan';
import { PlanLoader } from './plan-loader';
import { isEverybody } from './shard';
import { LOG_PARTITION, StreamCursorStore } from './stream-cursor.store';
import { streamedEvents, streamLag, wokenPersons } from './stream-metrics';
import { type Subject, SubjectReader } from './subject-reader';
import { affordable, lowest, type Touched, touchedBy, type Turn } from './turn';
import { Verdicts } from './verdicts';
import { WakeStore } from './wake.store';

/** Events, wakes, answers and changes of one transaction; together they keep it under 200 ms. */
const MOST_EVENTS = 1000;
const MOST_WAKES = 500;
const MOST_ANSWERS = 50_000;
const MOST_CHANGES = 2000;

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
    private readonly plans: PlanLoader,
    private readonly caches: PersonCaches,
    private readonly subjects: SubjectReader,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
    private readonly accounts: AccountWakeStore,
    private readonly members: MemberTurn,
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
    const changed = await this.evaluate(turn, touchedBy(events, woken));
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

  /** Whether a membership changed. */
  private async evaluate(turn: Turn, touched: readonly Touched[]): Promise<boolean> {
    if (touched.length === 0) return false;
    const members = new TurnMembers();
    const { subjects, gone } = await this.subjects.read(turn, touched, members);
    const traits = await this.traits.keep(turn.tx, turn.plan, subjects, turn.now);
    const verdicts = await this.judge(turn, subjects, traits, gone, members);
    this.assertFew(turn, touched, verdicts);
    await this.write(turn, verdicts);
    return verdicts.changes.length > 0;
  }

  /** Ask what has to be asked of everybody; first what is asked of members of accounts, as far as anybody belongs to one. */
  private async judge(
    { tx, plan, now, horizon }: Turn,
    subjects: readonly Subject[],
    traits: ReadonlyMap<number, KeptTraits>,
    gone: readonly number[],
    members: TurnMembers,
  ): Promise<Verdicts> {
    const answers = new Answers(plan);
    const verdicts = new Verdicts({ now, horizon });
    const tell = (subject: Subject, questions: Iterable<Asked>): void =>
      verdicts.add(subject, questions, (asked) => answers.of(asked), traits.get(subject.touch.person)?.due);
    const said: Said[] = [];
    const inAccounts: { subject: Subject; questions: readonly Asked[] }[] = [];
    for (const read of subjects) {
      const { touch, state } = read;
      const subject = { ...read, profile: { ...read.profile, ...traits.get(touch.person)?.profile } };
      const look = { now: now.getTime(), profileVersion: subject.profile.version, woken: touch.woken };
      const questions = answers.ask(state, subject, look);
      if (plan.members.length > 0) said.push(...saidOf(questions, answers, subject.profile));
      if (plan.members.length > 0 && subject.profile.groups.length > 0)
        inAccounts.push({ subject, questions });
      else tell(subject, questions);
    }
    // By now it is known of all who satisfies what: whoever shares an account with them is told.
    const accounts = inAccounts.flatMap(({ subject }) => subject.profile.groups);
    await this.members.keep(tx, plan, { said, gone, accounts }, members, now);
    for (const { subject, questions } of inAccounts) {
      const more = answers.askMembers(subject.state, subject, now.getTime());
      tell(subject, new Set([...questions, ...more]));
    }
    return verdicts;
  }

  private async write({ tx, now }: Turn, { woken, seen, changes }: Verdicts): Promise<void> {
    await this.wakes.done(tx, woken, now);
    await this.wakes.sooner(tx, seen);
    // Last, for it locks the audiences' rows, for which the other partitions wait.
    await this.memberships.applyMany(tx, changes, now);
  }

  /** One person of the events and one of the wakes are taken up whatever they change. @throws TooManyChanges */
  private assertFew({ cache, allowed }: Turn, touched: readonly Touched[], { changes }: Verdicts): void {
    if (changes.length <= MOST_CHANGES || touched.length <= 2) return;
    // Their state is ahead of the turn that will be: it is found again.
    for (const { person } of touched) cache.drop(person);
    throw new TooManyChanges(Math.ceil((allowed * MOST_CHANGES) / changes.length / 2));
  }
}
