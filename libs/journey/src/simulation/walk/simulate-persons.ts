import type { NewEffect, Reason } from '@percorso/delivery';
import { contentHash } from '@percorso/kernel';
import type { MappingRunner } from '@percorso/mapping';
import type { PastProfile } from '@percorso/profile';
import type { Instance, JourneyEvent } from '../../engine/instance';
import type { Command, VisitOutcome } from '../../engine/protocol';
import { visitKey } from '../../engine/visit-key';
import type { Room } from '../../runtime/walk/admission';
import type { Arrival } from '../../runtime/intake/arrivals';
import { FactFinder } from '../../runtime/walk/fact-finder';
import type { JourneyPlan } from '../../runtime/plan/journey-plan';
import { sayingsOf } from '../../runtime/keep/outbox';
import { PersonTurn } from '../../runtime/walk/person-turn';
import { type Delivery, planMessage, type Target } from '../../runtime/walk/plan-message';
import type { Moved, NewInstance, Refusal, TurnScope } from '../../runtime/walk/turn';
import { idFrom } from './id-from';
import { arrivalsOf } from './past-arrivals';
import type { PastFacts } from '../past/past-facts';
import type { SimulatedPerson } from '../past/simulated-person';
import { type GivenMessage, type ProviderAnswer, repeat, respond } from './simulated-provider';
import { SuppressedAddresses } from './suppressed-addresses';
import type { SimulatedInstance, SimulatedMessage, Simulation } from '../simulation';

/** What holds for everybody in a simulation. */
export interface SimulationWorld {
  simulation: Simulation;
  /** With the one journey, live since the simulation begins. */
  plan: JourneyPlan;
  mappings: Pick<MappingRunner, 'run'>;
  /** Connectors that are there. */
  targets: ReadonlyMap<string, Target>;
  /** What caps leave to a person. */
  roomOf: (person: number) => Room;
  /** Why nothing may be sent; undefined: it may. */
  forbids: (effect: NewEffect, profile: PastFacts, at: number) => Promise<Reason | undefined>;
}

/** What persons would have lived through. */
export interface Simulated {
  instances: SimulatedInstance[];
  messages: SimulatedMessage[];
  refusals: Refusal[];
}

/** Walks persons through the engine, over all that happened to them. */
export async function simulatePersons(
  world: SimulationWorld,
  persons: ReadonlyMap<number, SimulatedPerson>,
  past: PastFacts,
): Promise<Simulated> {
  const { plan, mappings } = world;
  const facts = new FactFinder(past, mappings, plan);
  const walks = [...persons.values()].map((person) => new PersonWalk(world, person, past, facts));
  await Promise.race([Promise.all(walks.map((walk) => walk.run())), facts.broken]);
  return {
    instances: walks.flatMap(({ instances }) => instances),
    messages: walks.flatMap(({ messages }) => messages),
    refusals: walks.flatMap(({ refusals }) => refusals),
  };
}

/** One person's way, with providers that answer within the simulation. */
class PersonWalk {
  readonly messages: SimulatedMessage[] = [];
  private readonly turn: PersonTurn;
  /** Of each instance the visits of each step that sent something. */
  private readonly sent = new Map<string, number>();
  private readonly suppressed = new SuppressedAddresses();

  constructor(
    private readonly world: SimulationWorld,
    private readonly person: SimulatedPerson,
    private readonly past: PastFacts,
    private readonly facts: FactFinder,
  ) {
    const { simulation, plan } = world;
    const { past: profile } = person;
    const scope: TurnScope = {
      plan,
      facts,
      room: world.roomOf(profile.person),
      now: simulation.from,
      horizon: simulation.until - 1,
      mostTimers: Infinity,
      newId: (entering) => this.idOf(entering),
      answer: (one, command, at) => this.answer(one, command, at),
      speedOf: () => undefined,
    };
    this.turn = new PersonTurn(scope, {
      person: profile.person,
      profileId: profile.profileId,
      instances: [],
      lastEntries: new Map(),
      arrivals: arrivalsOf(person, simulation, plan),
      due: false,
    });
  }

  run(): Promise<void> {
    return this.turn.run();
  }

  get instances(): SimulatedInstance[] {
    return this.turn.changed.map(({ instance, trace }) => ({ instance, trace }));
  }

  get refusals(): Refusal[] {
    const { journeyId, version, from } = this.world.simulation;
    const { person } = this.person.past;
    const failed: Refusal[] = this.turn.failure
      ? [{ journeyId, version, person, at: from, code: 'failed' }]
      : [];
    return [...this.turn.refusals, ...failed];
  }

  /** Who really entered then has its name, so that chance falls as it fell. */
  private idOf({ journeyId, person, key, enteredAt }: NewInstance): string {
    const known = this.person.recorded.find((one) => one.key === key && one.enteredAt === enteredAt);
    return known?.id ?? idFrom(contentHash({ journeyId, person, key, enteredAt }));
  }

  private async answer(one: Moved, command: Command, at: number): Promise<Arrival[]> {
    if (command.kind === 'traits' || command.kind === 'consent') {
      this.say({ ...one, commands: [{ command, at }] }, at);
      return [];
    }
    return command.kind === 'deliver' ? this.deliver(one.instance, command, at) : [];
  }

  /** What steps say of the profile counts from then on; where it was really said it is in its past already. */
  private say(one: Moved, at: number): void {
    const { past } = this.person;
    for (const { saying } of sayingsOf(one, this.past.document(past.person, at))) {
      if (!('say' in saying)) continue;
      // It is said, and counts, after the moment of the step.
      const event = saidEvent(saying.say, at + 1);
      if (!past.events.some(({ messageId }) => messageId === event.messageId)) past.say(event);
    }
  }

  private async deliver(instance: Instance, command: Delivery, at: number): Promise<Arrival[]> {
    const { simulation, targets } = this.world;
    const target = targets.get(command.connectorId);
    const { visit, step, connectorId } = command;
    const effect = target && (await planMessage(instance, command, at, target, this.facts));
    const given: GivenMessage = {
      ...{ person: instance.person, step, connectorId, channel: effect?.channel },
      ...{ key: visitKey(instance, visit), at },
    };
    const answer = await this.answerOf(instance, given, effect);
    if (effect && answer.suppressed) this.suppressed.add(effect, answer.suppressed);
    const end = answer.end && answer.end.at < simulation.until ? answer.end : undefined;
    this.messages.push({
      instanceId: instance.id,
      key: instance.key,
      person: instance.person,
      profileId: instance.profileId,
      ...{ step, visit, at, connectorId },
      ...(effect?.channel !== undefined && { channel: effect.channel }),
      operation: command.call ? 'call' : 'send',
      ...(effect?.payload && { payload: effect.payload as Record<string, unknown> }),
      ...(end && { outcome: end.outcome }),
    });
    const outcome: Arrival[] = end
      ? [{ kind: 'outcome', at: end.at, instanceId: instance.id, visit, outcome: end.outcome }]
      : [];
    return [...outcome, ...this.hear(answer.reports)];
  }

  private async answerOf(
    instance: Instance,
    given: GivenMessage,
    effect: NewEffect | undefined,
  ): Promise<ProviderAnswer> {
    const { simulation } = this.world;
    const { at } = given;
    const ended = (outcome: VisitOutcome): ProviderAnswer => ({ end: { at, outcome }, reports: [] });
    const nth = this.count(instance, given.step);
    if (!effect) return ended({ status: 'dropped', code: 'connector-gone' });
    const recorded = simulation.recorded ? this.recordedOf(instance, given.step, nth) : undefined;
    if (recorded) return repeat(recorded, given);
    if (effect.dropped) return ended({ status: 'dropped', code: effect.dropped.code });
    const forbidden =
      this.suppressed.reasonAt(effect, at) ?? (await this.world.forbids(effect, this.past, at))?.code;
    if (forbidden) return ended({ status: 'suppressed', code: forbidden });
    return respond(this.person.responses ?? simulation.responses, given);
  }

  /** How often the step had sent for the instance before. */
  private count({ id }: Instance, step: string): number {
    const place = `${id} ${step}`;
    const before = this.sent.get(place) ?? 0;
    this.sent.set(place, before + 1);
    return before;
  }

  /** The message that this step sent as the same one of the same stay, or of the one nearest in time. */
  private recordedOf(
    { key, enteredAt }: Instance,
    step: string,
    nth: number,
  ): SimulatedPerson['recorded'][number]['messages'][number] | undefined {
    let nearest: SimulatedPerson['recorded'][number] | undefined;
    const distance = (one: SimulatedPerson['recorded'][number]): number =>
      Math.abs(one.enteredAt - enteredAt);
    for (const one of this.person.recorded) {
      if (one.key === key && (!nearest || distance(one) < distance(nearest))) nearest = one;
    }
    return nearest?.messages.filter((message) => message.step === step)[nth];
  }

  private hear(reports: readonly JourneyEvent[]): Arrival[] {
    const { simulation, plan } = this.world;
    const told = reports.filter(({ receivedAt }) => receivedAt < simulation.until);
    const { past } = this.person;
    for (const event of told) {
      if (!past.events.some(({ messageId }) => messageId === event.messageId)) past.say(heardEvent(event));
    }
    return told
      .filter(({ name }) => plan.names.includes(name))
      .map((event) => ({ kind: 'event', at: event.receivedAt, event }));
  }
}

type Said = Parameters<PastProfile['say']>[0];

/** What a provider reports, as the profile knows it from then on. */
const heardEvent = ({ messageId, name, occurredAt, receivedAt, properties }: JourneyEvent): Said => ({
  ...{ messageId, name, properties },
  type: 'track',
  sourceId: 'simulation',
  occurredAt: new Date(occurredAt),
  receivedAt: new Date(receivedAt),
  context: {},
});

function saidEvent(item: object, at: number): Said {
  const { messageId, timestamp, traits, context } = item as {
    messageId: string;
    timestamp: string;
    traits?: Record<string, unknown>;
    context?: Record<string, unknown>;
  };
  return {
    messageId,
    ...{ name: 'identify', type: 'identify', sourceId: 'journeys' },
    occurredAt: new Date(timestamp),
    receivedAt: new Date(at),
    properties: traits ?? {},
    context: context ?? {},
  };
}
