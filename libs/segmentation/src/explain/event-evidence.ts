import type { FlatValues, PersonEvent } from '@percorso/profile';
import type {
  EventLeaf,
  EventSelector,
  EveryLeaf,
  FirstEventLeaf,
  Measure,
  SequenceLeaf,
  Test,
  Window,
} from '../definition/definition';
import { decimalOf, dividedBy, isLess, plus } from '../stream/numeric';
import { isNumeric, momentOf, passes, type Scalar, scalarAt } from '../stream/scalar';
import type { LookupItems } from '../stream/lookup-items';
import type { EventEvidence, Evidence, WindowEvidence } from './explanation';

/** An event with its properties as conditions see them. */
export type ExplainedEvent = PersonEvent & { values: FlatValues };

/** A person's events as of a moment, and the items that conditions look up. */
export interface History {
  events: readonly ExplainedEvent[];
  now: number;
  items: LookupItems;
}

const MOST_EVENTS = 10;

export function evidenceOfEvents(leaf: EventLeaf, history: History): Evidence {
  const { now } = history;
  const found = inWindow(matching(history, leaf.events), leaf.window, now);
  return {
    value: measured(leaf.measure, found),
    window: windowOf(leaf.window, now),
    ...listed(found),
  };
}

export function evidenceOfPeriods(leaf: EveryLeaf, history: History): Evidence {
  const { now } = history;
  const found = matching(history, leaf.events);
  const end = momentOf(leaf.window.to, now);
  const periods = Array.from({ length: leaf.periods }, (_, back) => {
    const to = end - back * leaf.every;
    const window = { from: { at: to - leaf.every }, to: { at: to } };
    return {
      window: windowOf(window, now),
      value: String(measured(leaf.measure, inWindow(found, window, now))),
    };
  });
  return { periods, ...listed(inWindow(found, leaf.window, now)) };
}

export function evidenceOfFirst(leaf: FirstEventLeaf, history: History): Evidence {
  const { now } = history;
  const [first] = matching(history, leaf.events);
  return {
    value: first ? first.occurredAt.toISOString() : null,
    window: windowOf(leaf.window, now),
    ...listed(first ? [first] : []),
  };
}

/** The latest first event of the window, and what came of the steps after it. */
export function evidenceOfSequence(leaf: SequenceLeaf, history: History): Evidence {
  const { now } = history;
  const firsts = inWindow(matching(history, leaf.first), leaf.window, now);
  const later = new Set(leaf.steps.flatMap((step) => matching(history, step.events)));
  const since = firsts[0]?.occurredAt.getTime() ?? Infinity;
  const told = [...new Set([...firsts, ...later])].filter((event) => event.occurredAt.getTime() >= since);
  told.sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
  return { value: String(firsts.length), window: windowOf(leaf.window, now), ...listed(told) };
}

function matching({ events, now, items }: History, { name, where }: EventSelector): ExplainedEvent[] {
  const pass = (test: Test, values: FlatValues): boolean =>
    test.lookup ? items.pass(test, scalarAt(values, test.path), now) : passes(test, values, now);
  return events.filter(({ name: own, values }) => own === name && where.every((test) => pass(test, values)));
}

const inWindow = (events: readonly ExplainedEvent[], { from, to }: Window, now: number): ExplainedEvent[] =>
  events.filter(({ occurredAt }) => {
    const at = occurredAt.getTime();
    return !(from && at < momentOf(from, now)) && !(to && at >= momentOf(to, now));
  });

const windowOf = ({ from, to }: Window, now: number): WindowEvidence => ({
  from: from ? new Date(momentOf(from, now)) : null,
  to: to ? new Date(momentOf(to, now)) : null,
});

function listed(events: readonly PersonEvent[]): { events: EventEvidence[]; total: number } {
  const newest = events.slice(-MOST_EVENTS).reverse();
  return {
    events: newest.map(({ messageId, occurredAt }) => ({ messageId, at: occurredAt })),
    total: events.length,
  };
}

/** A measure's value as text; null when it has none. */
function measured(measure: Measure, events: readonly ExplainedEvent[]): string | null {
  switch (measure.of) {
    case 'count':
      return String(events.length);
    case 'first':
      return events[0]?.occurredAt.toISOString() ?? null;
    case 'last':
      return events.at(-1)?.occurredAt.toISOString() ?? null;
    default: {
      const values = events
        .map((event) => scalarAt(event.values, measure.path))
        .filter((value) => value !== undefined);
      return measure.of === 'distinct' ? String(new Set(values).size) : ofNumbers(measure.of, values);
    }
  }
}

function ofNumbers(of: 'sum' | 'min' | 'max' | 'avg', values: readonly Scalar[]): string | null {
  const numbers = values.filter(isNumeric);
  const sum = numbers.reduce(plus, 0);
  if (of === 'sum') return decimalOf(sum);
  if (numbers.length === 0) return null;
  if (of === 'avg') return decimalOf(dividedBy(sum, numbers.length));
  return decimalOf(numbers.reduce((a, b) => ((of === 'min') === isLess(a, b) ? a : b)));
}
