import { Inject, Injectable } from '@nestjs/common';
import { type Page, readPage } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { MembershipStore, PersonConditions } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { Entry, JourneyDefinition } from '../definition/definition';
import { parseJourney } from '../definition/parse-journey';
import type { JourneyEvent } from '../engine/instance';
import type { RefusalCode } from '../runtime/walk/admission';
import type {
  DeadLetterFilter,
  JourneyDeadLetterGroups,
  JourneyDeadLetterQuery,
  JourneyDeadLetterView,
} from './dead-letter.dto';
import { groupDeadLetters, listDeadLetters } from './dead-letter.store';
import type {
  InstanceQuery,
  JourneyEntryFinding,
  JourneyInstanceView,
  JourneyReportView,
  JourneyWhyView,
  WholeJourneyInstanceView,
} from './insight.dto';
import { InsightStore, type JourneyHead } from './insight.store';
import { instanceView, withoutProperties } from './insight.view';
import { REFUSAL_WORDS } from './refusal-words';
import { reportOf } from './report';
import { findMistakes, matchesEntry, similarTo } from './why-not';

const DAY_MS = 86_400_000;
/** How far back events are looked at, and how many of a name are shown. */
const LOOK_BACK_MS = 30 * DAY_MS;
const MOST_EVENTS = 5;
const MOST_LINES = 20;
const MOST_GROUPS = 1000;

/** Where a page goes on: those that are older than this one. */
interface Before {
  before: string;
}

/** Tells what journeys did: how many, who, and why not. */
@Injectable()
export class InsightService {
  constructor(
    private readonly database: Database,
    private readonly store: InsightStore,
    private readonly conditions: PersonConditions,
    private readonly memberships: MembershipStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 404 for a journey or version that is not there */
  report(workspaceId: string, id: string, version: number | undefined): Promise<JourneyReportView> {
    return this.database.snapshot(workspaceId, async (tx) => {
      const journey = await this.find(tx, id);
      const shown = version ?? journey.liveVersion ?? 1;
      const definition = await this.definition(tx, id, shown);
      if (version !== undefined && !definition) throw Problem.notFound('Journey version');
      const steps = Object.entries(definition?.steps ?? {}).map(([step, { kind }]) => ({ id: step, kind }));
      const rows = await this.store.counts(tx, id, version);
      return { journeyId: id, version: version ?? null, ...reportOf(rows, steps) };
    });
  }

  /** @throws Problem 404 */
  instances(
    workspaceId: string,
    id: string,
    { profile: profileId, state, step, ...query }: InstanceQuery,
  ): Promise<Page<JourneyInstanceView>> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      const filter = { profileId, state, step };
      return readPage(
        query,
        (from: Before | undefined, most) => this.store.instances(tx, id, filter, from?.before, most),
        (row) => ({ before: row.id }),
        instanceView,
      );
    });
  }

  /**
   * @param personal whether what says something of the person is shown
   * @throws Problem 404
   */
  instance(
    workspaceId: string,
    journeyId: string,
    id: string,
    personal: boolean,
  ): Promise<WholeJourneyInstanceView> {
    return this.database.snapshot(workspaceId, async (tx) => {
      await this.find(tx, journeyId);
      const found = isId(id) ? await this.store.instance(tx, journeyId, id) : undefined;
      if (!found) throw Problem.notFound('Journey instance');
      const [trace, messages] = await Promise.all([
        this.store.trace(tx, id),
        this.store.messages(tx, id, found.visits),
      ]);
      const { entry, context } = found;
      return {
        ...instanceView(found),
        entry: personal || entry.kind !== 'event' ? { ...entry } : withoutProperties(entry),
        context: personal ? context : null,
        trace,
        messages: messages.map(({ key, ...message }) => ({
          ...message,
          visit: Number(key.slice(key.lastIndexOf(':') + 1)),
        })),
      };
    });
  }

  /** @param personal whether reasons are shown, which may quote the profile @throws Problem 404 */
  deadLetters(
    workspaceId: string,
    id: string,
    query: JourneyDeadLetterQuery,
    personal: boolean,
  ): Promise<Page<JourneyDeadLetterView>> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      return readPage(
        query,
        (from: Before | undefined, most) => listDeadLetters(tx, id, query, from?.before, most),
        (row) => ({ before: row.id }),
        (row) => (personal ? row : { ...row, reason: null }),
      );
    });
  }

  /** @throws Problem 404 */
  deadLetterGroups(
    workspaceId: string,
    id: string,
    filter: DeadLetterFilter,
  ): Promise<JourneyDeadLetterGroups> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.find(tx, id);
      return { data: await groupDeadLetters(tx, id, filter, MOST_GROUPS) };
    });
  }

  /** Why a profile is, or is not, on a journey. @throws Problem 404 */
  why(workspaceId: string, id: string, profileId: string): Promise<JourneyWhyView> {
    return this.database.snapshot(workspaceId, async (tx) => {
      const journey = await this.find(tx, id);
      const person = await this.store.person(tx, profileId);
      if (person === undefined) throw Problem.notFound('Profile');
      const [entered, refusals, live] = await Promise.all([
        this.store.instances(tx, id, { profileId }, undefined, MOST_LINES),
        this.store.refusals(tx, id, person, MOST_LINES),
        journey.liveVersion === null ? undefined : this.definition(tx, id, journey.liveVersion),
      ]);
      const now = this.clock.now();
      const where = live?.where && [{ person, condition: live.where, at: now }];
      return {
        journeyId: id,
        profileId,
        state: journey.state,
        liveVersion: journey.liveVersion,
        inside: entered.some(({ state }) => state === 'active'),
        entered: entered.map(instanceView),
        refusals: refusals.map((row) => ({ ...row, reason: REFUSAL_WORDS[row.code as RefusalCode] })),
        where: where ? (await this.conditions.holds(tx, where))[0]! : null,
        entries: live ? await this.entries(tx, id, journey.liveVersion!, live, person, now) : [],
      };
    });
  }

  private async entries(
    tx: Transaction,
    journeyId: string,
    version: number,
    journey: JourneyDefinition,
    person: number,
    now: Date,
  ): Promise<JourneyEntryFinding[]> {
    const since = new Date(now.getTime() - LOOK_BACK_MS);
    const [publishedAt, came, joined] = [
      await this.store.publishedAt(tx, journeyId, version),
      await this.store.eventNames(tx, person, since),
      (await this.memberships.membershipsOf(tx, [person])).get(person),
    ];
    const names = journey.entries.flatMap((entry) => ('event' in entry ? [entry.event.name] : []));
    const events = await this.store.events(tx, person, names, since, MOST_EVENTS);
    return journey.entries.map((entry, index) => {
      const pointer = `/entries/${index}`;
      const waitsFor = waitsForOf(entry);
      const member = 'event' in entry || waitsFor === null ? null : (joined?.has(waitsFor) ?? false);
      const finding = { pointer, kind: entry.kind, waitsFor, member, events: [], similarNames: [] };
      if (!('event' in entry)) return finding;
      const own = events.filter(({ name }) => name === entry.event.name);
      const backfill = entry.kind === 'event' && entry.backfill;
      const watched = { pointer, watch: entry.event, backfill };
      return {
        ...finding,
        events: own.map(({ messageId, receivedAt, occurredAt, name, properties }) => {
          const times = { occurredAt: occurredAt.getTime(), receivedAt: receivedAt.getTime() };
          const event: JourneyEvent = { messageId, name, properties, ...times };
          return {
            messageId,
            receivedAt,
            occurredAt,
            matches: matchesEntry(entry.event, event),
            mistakes: findMistakes(journey, watched, event, publishedAt),
          };
        }),
        similarNames: similarTo(
          entry.event.name,
          came.map(({ name }) => name),
        ),
      };
    });
  }

  private async find(tx: Transaction, id: string): Promise<JourneyHead> {
    const journey = isId(id) ? await this.store.journey(tx, id) : undefined;
    if (!journey) throw Problem.notFound('Journey');
    return journey;
  }

  private async definition(
    tx: Transaction,
    id: string,
    version: number,
  ): Promise<JourneyDefinition | undefined> {
    const written = await this.store.definition(tx, id, version);
    const parsed = written && parseJourney(written);
    return parsed?.ok ? parsed.journey : undefined;
  }
}

function waitsForOf(entry: Entry): string | null {
  switch (entry.kind) {
    case 'event':
    case 'business':
      return entry.event.name;
    case 'audience':
      return entry.audience.id;
    case 'read':
      return entry.audienceId;
    case 'api':
      return null;
  }
}
