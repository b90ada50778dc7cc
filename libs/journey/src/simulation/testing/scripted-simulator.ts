import { newId } from '@percorso/kernel';
import type { RefusalCode } from '../../runtime/walk/admission';
import type { SimulatedInstance, SimulatedMessage, SimulatedPage, Simulation } from '../simulation';
import type { Simulator } from '../walk/simulator';

/** What one person lives through. */
export interface ScriptedPerson {
  person: number;
  profileId: string;
  key?: string;
  enteredAt: number;
  /** End of its conversion window: the end of the simulation unless given. */
  goalUntil?: number;
  goalAt?: number;
  holdout?: boolean;
  /** It waits at this step at the end; otherwise it has ended. */
  waits?: string;
  messages?: {
    step: string;
    at: number;
    payload?: object;
    connectorId: string;
    outcome?: 'accepted' | 'rejected';
  }[];
  /** It did not enter so often more, for this reason. */
  refused?: RefusalCode[];
}

/** For specs: a simulator that finds what it was told. */
export class ScriptedSimulator implements Pick<Simulator, 'page'> {
  persons: ScriptedPerson[] = [];
  /** Of the pages that were asked for: after whom, and in which workspace. */
  readonly asked: number[] = [];
  readonly workspaces: string[] = [];
  /** Done before a page is given. */
  before: (after: number) => Promise<void> | void = () => undefined;

  async page(
    workspaceId: string,
    simulation: Simulation,
    after: number,
    limit: number,
  ): Promise<SimulatedPage> {
    this.asked.push(after);
    this.workspaces.push(workspaceId);
    await this.before(after);
    const rest = this.persons.filter(({ person }) => person > after).sort((a, b) => a.person - b.person);
    const chosen = rest.slice(0, limit);
    const told = chosen.map((one) => tell(simulation, one));
    return {
      persons: chosen.length,
      of: this.persons.length,
      instances: told.map(({ instance }) => instance),
      messages: told.flatMap(({ messages }) => messages),
      refusals: chosen.flatMap(({ person, refused = [] }) =>
        refused.map((code) => {
          const { journeyId, version, from } = simulation;
          return { journeyId, version, person, at: from, code };
        }),
      ),
      after: chosen.at(-1)?.person ?? after,
      done: rest.length <= limit,
    };
  }
}

function tell(
  { journeyId, version, until }: Simulation,
  { person, profileId, enteredAt, holdout = false, waits, messages = [], ...more }: ScriptedPerson,
): { instance: SimulatedInstance; messages: SimulatedMessage[] } {
  const { key = null, goalAt = null, goalUntil = until } = more;
  const id = newId();
  const ended = waits === undefined;
  const line = { at: enteredAt, visit: 0, step: '' };
  return {
    instance: {
      instance: {
        ...{
          id,
          journeyId,
          version,
          person,
          profileId,
          key,
          holdout,
          enteredAt,
          goalUntil,
          goalAt,
          speed: 1,
          sent: {},
          reacted: [],
        },
        ...{ context: { seen: person }, visits: messages.length },
        state: ended ? 'ended' : 'active',
        endReason: ended ? 'completed' : null,
        endedAt: ended ? until - 1 : null,
        entry: {
          kind: 'event',
          event: {
            ...{
              messageId: `m${person}`,
              name: 'Cart Updated',
              occurredAt: enteredAt,
              receivedAt: enteredAt,
            },
            properties: { total: 30 },
          },
        },
        tokens: ended
          ? []
          : [{ step: waits, visit: 9, frames: [], wait: { kind: 'time', due: until + 1000 } }],
      },
      trace: [
        { ...line, what: 'entered' },
        ...messages.map(({ step, at }, index) => ({ at, visit: index + 1, step, what: 'passed' as const })),
        ...(waits === undefined ? [] : [{ at: enteredAt, visit: 9, step: waits, what: 'entered' as const }]),
        ...(goalAt === null ? [] : [{ ...line, at: goalAt, what: 'goal' as const }]),
        ...(ended ? [{ ...line, at: until - 1, what: 'ended' as const }] : []),
      ],
    },
    messages: messages.map(({ step, at, payload = { to: profileId }, connectorId, outcome }, index) => ({
      ...{ instanceId: id, key, person, profileId, step, visit: index + 1, at, connectorId },
      operation: 'send',
      payload: payload as Record<string, unknown>,
      ...(outcome && {
        outcome: outcome === 'accepted' ? { status: outcome } : { status: outcome, code: 'bounced' },
      }),
    })),
  };
}
