import { NAMED_CHANNELS, type Reason } from '@percorso/delivery';
import type { IngestItem } from '@percorso/ingest';
import { contentHash } from '@percorso/kernel';
import type { MappingRunner } from '@percorso/mapping';
import { flatten, LATEST, type PastEvent, PastProfile, TraitRanks } from '@percorso/profile';
import {
  type Condition,
  type PastTraits,
  type PreparedCondition,
  prepareCondition,
  type WrittenLeaf,
} from '@percorso/segmentation';
import type { ProfileCondition } from '../definition/definition';
import { placesOf } from '../definition/places';
import { journeyEvent } from '../runtime/journey-event';
import type { JourneyPlan, PlannedVersion } from '../runtime/journey-plan';
import type { Target } from '../runtime/plan-message';
import { followAudience } from './follow-audience';
import { idFrom } from './id-from';
import { PastFacts } from './past-facts';
import { PastMemberships } from './past-memberships';
import { broughtAt, pastReads } from './past-reads';
import { planOf } from './plan-of';
import { type Simulated, simulatePersons } from './simulate-persons';
import type { PastRequest, SimulatedPerson } from './simulated-person';
import type { ResponseRule, Simulation } from './simulation';

/** A story that was made up, with all that a hub would know of it. */
export interface GivenStory {
  simulation: Simulation;
  /** The workspace's. */
  zone: string;
  /** What audiences say, by id. Members of others, and of those that somebody is said to enter, are who is said to. */
  audiences: ReadonlyMap<string, Condition<WrittenLeaf>>;
  /** Their numbers are their places, from 1. */
  persons: readonly GivenPerson[];
}

/** What happens to one person, in its order. Times are in Unix milliseconds. */
export interface GivenPerson {
  items: readonly { at: number; item: IngestItem }[];
  changes: readonly { at: number; audienceId: string; op: 'enter' | 'exit' }[];
  requests: readonly PastRequest[];
  /** What becomes of its messages, where that is not said of all. */
  responses?: readonly ResponseRule[];
}

/**
 * What would come of a story, without a hub: profiles are told from its items, memberships from what audiences say.
 * Connectors are there, and nobody is kept from sending.
 * @throws TypeError for conditions on items of lookups and on members of accounts, which a story does not have
 */
export function simulateGiven(
  { simulation, zone, audiences, persons }: GivenStory,
  mappings: Pick<MappingRunner, 'run'>,
): Promise<Simulated> {
  const { plan, version } = planOf(simulation, NAMED_CHANNELS, zone);
  const places = placesOf(simulation.definition);
  const told = new Set(persons.flatMap(({ changes }) => changes.map(({ audienceId }) => audienceId)));
  const used = new Map([...audiences].filter(([id]) => !told.has(id)));
  const prepare = (condition: Condition<WrittenLeaf>): PreparedCondition => {
    const prepared = prepareCondition(condition, used, zone);
    if (prepared.plan.items.names.length > 0) throw new TypeError('A story has no items of lookups.');
    return prepared;
  };
  const conditions = new Map<ProfileCondition, PreparedCondition>(
    places.conditions.map(({ condition }) => [condition, prepare(condition)]),
  );
  const watched = [...new Set(places.audiences.map(({ id }) => id))].flatMap((id) => {
    const where = used.get(id);
    return where ? [{ id, prepared: prepare(where) }] : [];
  });
  const people = persons.map((given, index) => {
    const person = personOf(given, index + 1);
    const followed = watched.flatMap(({ id, prepared }) =>
      followAudience(id, prepared, person, simulation.until),
    );
    return { ...person, changes: [...person.changes, ...followed].sort((a, b) => a.at - b.at) };
  });
  const reads = readsOf(people, version, plan, simulation);
  const known = new Map(
    people.map((one) => [one.past.person, { ...one, reads: reads(one.past.person) }] as const),
  );
  const targets = new Map<string, Target>(
    places.connectors.map(({ id }) => [id, { form: { required: [] } }]),
  );
  const forbids = (): Promise<Reason | undefined> => Promise.resolve(undefined);
  const past = new PastFacts(known, conditions, NO_TRAITS);
  return simulatePersons({ simulation, plan, mappings, targets, forbids }, known, past);
}

/** Reads of audiences that would have brought persons, as members went. */
function readsOf(
  people: readonly SimulatedPerson[],
  version: PlannedVersion,
  plan: JourneyPlan,
  { from, until }: Simulation,
): (person: number) => SimulatedPerson['reads'] {
  const memberships = new PastMemberships({
    members: new Map(),
    changes: new Map(people.map(({ past, changes }) => [past.person, changes])),
  });
  const events = people.flatMap(({ past }) => past.events.map(journeyEvent));
  events.sort((a, b) => a.receivedAt - b.receivedAt);
  const reads = pastReads(version, plan, { from, until, evaluated: new Map(), events }, memberships);
  return (person) =>
    reads.flatMap((past) => {
      const at = broughtAt(past, person);
      return at === undefined ? [] : [{ at, read: past.read }];
    });
}

/** A story has no computed traits. */
const NO_TRAITS: PastTraits = {
  keys: [],
  names: [],
  of: ({ traits }) => ({ changes: new Map(), traits }),
};

function personOf({ items, changes, requests, responses }: GivenPerson, person: number): SimulatedPerson {
  const events = items.map(({ at, item }, index) => eventOf(item, at, person, index + 1));
  const id = idFrom(contentHash({ person }));
  const identities = namesOf(items.map(({ item }) => item));
  const firstSeen = events[0]?.occurredAt ?? new Date(0);
  const values = {
    ...{ id, person, version: 1, traits: flatten({}), consent: {}, accounts: [], groups: [] },
    identities: Object.entries(identities).flatMap(([namespace, all]) =>
      all.map((value) => ({ namespace, value })),
    ),
  };
  const document = {
    ...{ id, person, traits: {}, identities, consent: {}, groups: [], firstSeen, lastSeen: firstSeen },
  };
  return {
    past: new PastProfile({ values, document }, events, new TraitRanks(LATEST)),
    changes: changes.map((change) => ({ ...change, backfill: false, bookkeeping: false })),
    ...{ lists: [], reads: [], requests, recorded: [], ...(responses && { responses }) },
  };
}

/** As the log keeps it. */
const eventOf = (item: IngestItem, at: number, person: number, pos: number): PastEvent => ({
  ...{ person, pos, messageId: item.messageId, type: item.type, sourceId: 'given' },
  name: item.event ?? item.type,
  occurredAt: item.timestamp,
  receivedAt: new Date(at),
  properties: { ...(item.traits ?? item.properties), ...(item.groupId && { groupId: item.groupId }) },
  context: item.context ?? {},
});

function namesOf(items: readonly IngestItem[]): Record<string, string[]> {
  const found = { user_id: new Set<string>(), anonymous_id: new Set<string>() };
  for (const { userId, anonymousId } of items) {
    if (userId !== undefined) found.user_id.add(userId);
    if (anonymousId !== undefined) found.anonymous_id.add(anonymousId);
  }
  return Object.fromEntries(
    Object.entries(found).flatMap(([namespace, values]) =>
      values.size > 0 ? [[namespace, [...values]]] : [],
    ),
  );
}
