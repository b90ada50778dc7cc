import { REFUSAL_WORDS } from '../../insight/refusal-words';
import type { ComparedRow, ComparedSideRow } from './comparison.store';
import type { ComparedMessageView, ComparedSide, Difference } from './comparison.dto';
import { type DayCount, NO_CONNECTOR } from './count-page';
import type { KeptMessage, KeptRefusal } from './simulated.reader';
import type {
  SimulatedConnectorMessages,
  SimulatedDay,
  SimulatedMessageView,
  SimulatedRefusalView,
  SimulatedStepMessages,
  SimulationView,
} from './simulation.dto';
import type { SimulationHead } from '../job/simulation.store';

export function simulationView(row: SimulationHead): SimulationView {
  const done = row.state === 'done';
  const windowMs = row.until.getTime() - row.from.getTime();
  return {
    id: row.id,
    journeyId: row.journeyId,
    version: row.version,
    state: row.state,
    problem: row.problem,
    from: row.from,
    until: row.until,
    eventTime: row.eventTime,
    responses: row.responses,
    progress: done ? 1 : row.ofPersons ? Math.min(1, row.persons / row.ofPersons) : 0,
    persons: row.persons,
    messages: row.messages,
    tookMs: row.tookMs,
    speed: done ? Math.round(windowMs / Math.max(1, row.tookMs)) : null,
    askedBy: row.askedBy,
    askedAt: row.askedAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    clearedAt: row.clearedAt,
  };
}

/** Messages by what the report tells them by, and entries by day. @param steps in the order of the definition */
export function sumsOf(
  days: readonly DayCount[],
  steps: readonly string[],
): { byStep: SimulatedStepMessages[]; byConnector: SimulatedConnectorMessages[]; byDay: SimulatedDay[] } {
  const byStep = new Map<string, SimulatedStepMessages>();
  const byConnector = new Map<string, SimulatedConnectorMessages>();
  const byDay = new Map<string, SimulatedDay>();
  for (const { day, step, connectorId, outcome, count } of days) {
    const ofDay = byDay.get(day) ?? { day, entered: 0, messages: 0 };
    byDay.set(day, ofDay);
    if (connectorId === NO_CONNECTOR) {
      ofDay.entered += count;
      continue;
    }
    ofDay.messages += count;
    const ofStep = byStep.get(step) ?? { step, count: 0, outcomes: {} };
    byStep.set(step, ofStep);
    ofStep.count += count;
    ofStep.outcomes[outcome] = (ofStep.outcomes[outcome] ?? 0) + count;
    const ofConnector = byConnector.get(connectorId) ?? { connectorId, count: 0 };
    byConnector.set(connectorId, ofConnector);
    ofConnector.count += count;
  }
  return {
    byStep: steps.flatMap((step) => byStep.get(step) ?? []),
    byConnector: [...byConnector.values()],
    byDay: [...byDay.values()],
  };
}

const keyOf = (key: string): string | null => (key === '' ? null : key);

/** @param personal whether what says something of the person is shown */
export const messageView = (
  { n: _n, key, payload, ...message }: KeptMessage,
  personal: boolean,
): SimulatedMessageView => ({ ...message, key: keyOf(key), payload: personal ? payload : null });

export const refusalView = ({ profileId, at, code }: KeptRefusal): SimulatedRefusalView => ({
  profileId,
  at,
  code,
  reason: REFUSAL_WORDS[code],
});

export function comparedView(row: ComparedRow, personal: boolean): ComparedMessageView {
  const { profileId, key, step, nth, first, second } = row;
  const differences: Difference[] = [
    ...(second ? [] : (['first'] as const)),
    ...(first ? [] : (['second'] as const)),
    ...(row.otherTime ? (['time'] as const) : []),
    ...(row.otherContent ? (['content'] as const) : []),
  ];
  const side = (one: ComparedSideRow | null): ComparedSide | null =>
    one && { ...one, at: new Date(one.at), payload: personal ? one.payload : null };
  return { profileId, key: keyOf(key), step, nth, differences, first: side(first), second: side(second) };
}
