import { Injectable } from '@nestjs/common';
import { MappingRunner } from '@percorso/mapping';
import { type PastEvent, type PastProfile, ProfileHistory } from '@percorso/profile';
import {
  ImportStore,
  type PastTraits,
  PersonConditions,
  type PreparedCondition,
  TraitHistory,
} from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { ProfileCondition } from '../../definition/definition';
import { placesOf } from '../../definition/places';
import { PlanLoader } from '../../runtime/plan/plan-loader';
import { TargetStore } from '../../runtime/walk/target.store';
import { HistoryStore, TooMany } from '../past/history.store';
import { PastFacts } from '../past/past-facts';
import { PastEntries } from '../past/past-entries';
import { PastMemberships, placeIn } from '../past/past-memberships';
import { PastPermissions } from '../past/past-permissions';
import { broughtTo, type PastRead } from '../past/past-reads';
import { ClosedRoom, roomIn } from './closed-room';
import { ClosingSearch } from './closing-search';
import { planOf } from './plan-of';
import { type Simulated, simulatePersons, type SimulationWorld } from './simulate-persons';
import type { SimulatedPerson } from '../past/simulated-person';
import type { SimulatedPage, Simulation } from '../simulation';
import { tooLarge } from '../simulation-problems';

/** All that a simulation knows before it looks at single persons. */
interface Opened {
  world: Omit<SimulationWorld, 'roomOf'>;
  conditions: ReadonlyMap<ProfileCondition, PreparedCondition>;
  traits: PastTraits;
  memberships: PastMemberships;
  reads: readonly PastRead[];
  /** Whoever might have entered, by number. */
  persons: Int32Array;
  search: ClosingSearch;
}

/** A page of nobody yet. */
const NOBODY = { instances: [], messages: [], refusals: [], persons: 0, done: false };

/** More changes of audiences than this are not held at once. */
const MOST_CHANGES = 2_000_000;
/** Nor than this entries, of a journey with caps. */
const MOST_CAPPED = 1_000_000;

/** Walks one version of a journey over what really happened, with the engine that live journeys walk with. */
@Injectable()
export class Simulator {
  private readonly opened = new WeakMap<Simulation, Promise<Opened>>();

  constructor(
    private readonly database: Database,
    private readonly history: HistoryStore,
    private readonly entries: PastEntries,
    private readonly profiles: ProfileHistory,
    private readonly imports: ImportStore,
    private readonly conditions: PersonConditions,
    private readonly traits: TraitHistory,
    private readonly plans: PlanLoader,
    private readonly targets: TargetStore,
    private readonly mappings: MappingRunner,
  ) {}

  /**
   * The next persons, `limit` at most, after a person's number (from -1); of a journey with caps pages of nobody first, as
   * long as it looks for whom they let in. The same simulation gives the same whenever it is asked, as long as nobody is
   * merged or erased meanwhile.
   * @throws Problem 422 `history-archived` when who entered by the API is kept no more, `simulation-too-large` when more
   *   happened than it can hold; 503 when older events are not to be had now
   */
  async page(
    workspaceId: string,
    simulation: Simulation,
    after: number,
    limit: number,
  ): Promise<SimulatedPage> {
    const opened = await this.open(workspaceId, simulation);
    const { persons, search } = opened;
    if (!search.found) {
      await search.step(limit, (rooms) => this.walk(workspaceId, opened, rooms));
      if (search.held > MOST_CAPPED) throw tooLarge(`${MOST_CAPPED} entries of a journey with caps`);
      return { ...NOBODY, of: persons.length, after };
    }
    const place = placeIn(persons, after + 1);
    const asked = [...persons.subarray(place, place + limit)];
    const rooms = asked.map((person) => new ClosedRoom(search.closings, person));
    return {
      ...(await this.walk(workspaceId, opened, rooms)),
      persons: asked.length,
      of: persons.length,
      after: asked.at(-1) ?? after,
      done: place + asked.length === persons.length,
    };
  }

  /** Persons, each with the room that it finds. */
  private async walk(workspaceId: string, opened: Opened, rooms: readonly ClosedRoom[]): Promise<Simulated> {
    const { world, conditions, traits } = opened;
    const asked = rooms.map(({ person }) => person);
    const known = await this.database.snapshot(workspaceId, (tx) =>
      this.know(tx, world.simulation, opened, asked),
    );
    const past = new PastFacts(known, conditions, traits);
    return simulatePersons({ ...world, roomOf: roomIn(rooms) }, known, past);
  }

  /** Whoever is asked for a page of it finds it open; a failure is not kept. */
  private open(workspaceId: string, simulation: Simulation): Promise<Opened> {
    const known = this.opened.get(simulation);
    if (known) return known;
    const opening = this.prepare(workspaceId, simulation);
    this.opened.set(simulation, opening);
    opening.catch(() => this.opened.delete(simulation));
    return opening;
  }

  private async prepare(workspaceId: string, simulation: Simulation): Promise<Opened> {
    const { definition } = simulation;
    const places = placesOf(definition);
    const ids = [...new Set(places.connectors.map(({ id }) => id))];
    const targets = await this.targets.targets(workspaceId, ids);
    const permissions = new PastPermissions(this.database, workspaceId);
    return this.database.snapshot(workspaceId, async (tx) => {
      const { zone, channels } = await this.plans.surroundings(tx);
      const { plan, version } = planOf(simulation, channels, zone);
      const asked = new Set(places.conditions.map(({ condition }) => condition));
      const conditions = await this.conditions.prepare(tx, asked);
      const audiences = new Set([
        ...plan.audiences,
        ...places.audiences.map(({ id }) => id),
        ...[...conditions.values()].flatMap((condition) => condition.memberships),
      ]);
      const memberships = await this.memberships(tx, [...audiences], simulation);
      const reads = await this.entries.reads(tx, plan, version, simulation, memberships);
      const persons = await this.entries.persons(tx, version, simulation, memberships, reads);
      return {
        world: {
          ...{ simulation, plan, targets, mappings: this.mappings },
          forbids: (effect, past, at) => permissions.forbids(effect, past, at),
        },
        ...{ conditions, memberships, reads, persons },
        traits: await this.traits.prepare(tx, zone),
        search: new ClosingSearch(definition.caps, persons),
      };
    });
  }

  private async memberships(
    tx: Transaction,
    audiences: readonly string[],
    { from }: Simulation,
  ): Promise<PastMemberships> {
    try {
      return new PastMemberships(await this.history.memberships(tx, audiences, new Date(from), MOST_CHANGES));
    } catch (error) {
      throw error instanceof TooMany ? tooLarge(`${MOST_CHANGES} changes of audiences`) : error;
    }
  }

  private async know(
    tx: Transaction,
    { journeyId, from, until, eventTime }: Simulation,
    { memberships, reads }: Opened,
    asked: readonly number[],
  ): Promise<Map<number, SimulatedPerson>> {
    const window = { from: new Date(from), until: new Date(until) };
    const pasts = await this.profiles.pasts(tx, asked, window.until, eventTime);
    const living = [...pasts.keys()];
    const lists = await this.imports.listsOf(tx, living);
    const reports = reportsOf(pasts);
    const recorded = await this.history.recorded(tx, journeyId, living, window, reports);
    return new Map(
      [...pasts].map(([person, past]) => {
        const own = recorded.get(person);
        const one: SimulatedPerson = {
          past,
          lists: lists.get(person) ?? [],
          changes: memberships.changesOf(person),
          reads: broughtTo(person, reads, own?.brought),
          requests: own?.requests ?? [],
          recorded: own?.instances ?? [],
        };
        return [person, one];
      }),
    );
  }
}

/** What was reported of effects, by person and key. */
function reportsOf(
  pasts: ReadonlyMap<number, PastProfile>,
): (person: number, key: string) => readonly PastEvent[] {
  const byKey = new Map<string, PastEvent[]>();
  for (const [person, { events }] of pasts) {
    for (const event of events) {
      const key = event.properties['effect_key'];
      if (typeof key !== 'string') continue;
      const place = `${person} ${key}`;
      byKey.set(place, [...(byKey.get(place) ?? []), event]);
    }
  }
  return (person, key) => byKey.get(`${person} ${key}`) ?? [];
}
