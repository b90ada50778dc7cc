import type {
  CalendarLeaf,
  DateValue,
  EventSelector,
  EveryLeaf,
  Leaf,
  SequenceLeaf,
  Test,
  TimePoint,
  Window,
} from '../definition/definition';

/** What can make time alone change a leaf's answer: moments in the data, each so many milliseconds later. */
export type TimeEdge =
  | { of: 'event'; events: EventSelector; window: Window; after: number }
  | { of: 'property'; events: EventSelector; path: string; after: number }
  | { of: 'trait'; path: string; after: number }
  | { of: 'account'; path: string; after: number }
  /** Local midnights. */
  | { of: 'calendar'; leaf: CalendarLeaf };

/** All edges of a leaf; none where the answer stays until data come. */
export function timeEdgesOf(leaf: Leaf): TimeEdge[] {
  switch (leaf.kind) {
    case 'trait':
      return turnsOf(leaf.test).map((after) => ({ of: 'trait', path: leaf.test.path, after }));
    case 'account':
      return accountEdges(leaf.where);
    case 'accountMember':
      // What it asks of members are leaves of their own.
      return accountEdges(leaf.account);
    case 'consent':
    case 'list':
    case 'identity':
    case 'sample':
      return [];
    case 'event':
      return [
        ...windowEdges(leaf.events, leaf.window, fixedOf(leaf.window)),
        ...(leaf.value.type === 'date' ? dateTurns(leaf.value) : []).map((after): TimeEdge => ({
          of: 'event',
          events: leaf.events,
          window: fixedOf(leaf.window),
          after,
        })),
        ...movingEdges(leaf.events),
      ];
    case 'firstEvent':
      return [...windowEdges(leaf.events, leaf.window, {}), ...movingEdges(leaf.events)];
    case 'every':
      return [...everyEdges(leaf), ...movingEdges(leaf.events)];
    case 'sequence':
      return sequenceEdges(leaf);
    case 'calendar':
      return [{ of: 'calendar', leaf }];
  }
}

const isSliding = (point: TimePoint | undefined): point is { fromNow: number } =>
  point !== undefined && 'fromNow' in point;

/** The fixed bounds of a window: events outside them never count. */
function fixedOf({ from, to }: Window): Window {
  return { ...(from && !isSliding(from) ? { from } : {}), ...(to && !isSliding(to) ? { to } : {}) };
}

/** An event passes a sliding bound a millisecond after it lies on it: windows are [from, to). */
function windowEdges(events: EventSelector, { from, to }: Window, window: Window): TimeEdge[] {
  return [from, to]
    .filter(isSliding)
    .map(({ fromNow }) => ({ of: 'event', events, window, after: 1 - fromNow }));
}

/** Compared with a moving date a moment turns when they meet, and again a millisecond later. */
function dateTurns(value: DateValue): number[] {
  return isSliding(value.time) ? [-value.time.fromNow, 1 - value.time.fromNow] : [];
}

const turnsOf = (test: Test): number[] =>
  'value' in test && test.value.type === 'date' ? dateTurns(test.value) : [];

const accountEdges = (where: readonly Test[]): TimeEdge[] =>
  where.flatMap((test) =>
    turnsOf(test).map((after): TimeEdge => ({ of: 'account', path: test.path, after })),
  );

function movingEdges(events: EventSelector): TimeEdge[] {
  return events.where.flatMap((test) =>
    turnsOf(test).map((after): TimeEdge => ({ of: 'property', events, path: test.path, after })),
  );
}

/** The bounds of every period move with now. */
function everyEdges({ events, window, every, periods }: EveryLeaf): TimeEdge[] {
  const { to } = window;
  if (!isSliding(to)) return [];
  return Array.from({ length: periods + 1 }, (_, back): TimeEdge => {
    return { of: 'event', events, window: {}, after: 1 - (to.fromNow - back * every) };
  });
}

function sequenceEdges({ first, window, steps }: SequenceLeaf): TimeEdge[] {
  const last = steps.at(-1);
  const before = steps.at(-2);
  const absences: TimeEdge[] =
    last?.presence === 'absent' && last.gap !== undefined
      ? [
          {
            of: 'event',
            events: before?.events ?? first,
            window: before ? {} : fixedOf(window),
            after: last.gap,
          },
        ]
      : [];
  return [
    ...windowEdges(first, window, fixedOf(window)),
    ...absences,
    ...movingEdges(first),
    ...steps.flatMap(({ events }) => movingEdges(events)),
  ];
}
