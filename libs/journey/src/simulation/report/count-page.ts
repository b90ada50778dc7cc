import type { SimulatedInstance, SimulatedMessage } from '../simulation';

/** How many messages of a step, by a connector, on a day of UTC, or how many entries: then of step '' and no connector. */
export interface DayCount {
  /** `2026-06-15`. */
  day: string;
  step: string;
  connectorId: string;
  /** What became of them; `none`: nothing yet. */
  outcome: string;
  count: number;
}

export const NO_CONNECTOR = '00000000-0000-0000-0000-000000000000';
export const NO_OUTCOME = 'none';

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export function daysOf(
  instances: readonly SimulatedInstance[],
  messages: readonly SimulatedMessage[],
): DayCount[] {
  const counts = new Map<string, DayCount>();
  const add = (which: Omit<DayCount, 'count'>): void => {
    const name = Object.values(which).join(' ');
    const known = counts.get(name);
    if (known) known.count += 1;
    else counts.set(name, { ...which, count: 1 });
  };
  for (const { instance } of instances) {
    add({ day: dayOf(instance.enteredAt), step: '', connectorId: NO_CONNECTOR, outcome: '' });
  }
  for (const { at, step, connectorId, outcome } of messages) {
    add({ day: dayOf(at), step, connectorId, outcome: outcome?.status ?? NO_OUTCOME });
  }
  return [...counts.values()];
}

/** What is counted of those whose conversion window is over when the simulation ends. */
export function windowsOver(
  instances: readonly SimulatedInstance[],
  until: number,
): { step: string; what: string }[] {
  return instances.flatMap(({ instance: { goalUntil, goalAt, holdout } }) => {
    if (goalUntil === null || goalUntil > until) return [];
    const over = goalAt === null ? ['window-over'] : ['window-over', 'window-reached'];
    const all = holdout ? [...over, ...over.map((what) => `holdout-${what}`)] : over;
    return all.map((what) => ({ step: '', what }));
  });
}

/** Which of its step's messages each is that the person gets with its key: two simulations name the same one so. */
export function nameMessages(messages: readonly SimulatedMessage[]): (SimulatedMessage & { nth: number })[] {
  const counts = new Map<string, number>();
  return messages.map((message) => {
    const name = JSON.stringify([message.person, message.key ?? '', message.step]);
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return { ...message, nth };
  });
}
