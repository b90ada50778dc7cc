import type { Cursor } from './cursor';
import {
  readComparison,
  readDate,
  readDuration,
  readItemField,
  readNumber,
  readOperation,
  readPath,
  readStep,
  readTest,
  readWindow,
  seesWindow,
} from './read-values';

type Json = Record<string, unknown>;
type ReadLeaf = (cursor: Cursor, readCondition: () => Json) => Json;

/** A condition on data, by the word it starts with; `readCondition` reads one that stands inside. */
export const LEAVES: Record<string, ReadLeaf> = {
  trait: readTrait,
  identity: readIdentity,
  consent: readConsent,
  account: readAccount,
  anniversary: readAnniversary,
  sample: readSample,
  event: readEvent,
  audience: readAudience,
  lookup: readLookedUp,
  imported: () => ({ imported: true }),
};

/** `trait.address.city = "Rome"` */
function readTrait(cursor: Cursor): Json {
  cursor.expect('.');
  return { trait: readTest(cursor) };
}

/** `lookup("store", trait.home_store).region = "north"` */
function readLookedUp(cursor: Cursor): Json {
  const key = (): string => {
    cursor.expect('trait');
    cursor.expect('.');
    return readPath(cursor);
  };
  return { trait: cursor.placed(() => ({ ...readItemField(cursor, key), ...readOperation(cursor) })) };
}

/** `identity.email contains "@example.com"` */
function readIdentity(cursor: Cursor): Json {
  cursor.expect('.');
  return { identity: cursor.placed(() => ({ namespace: readStep(cursor), ...readOperation(cursor) })) };
}

/** `consent("email", "news") is granted` */
function readConsent(cursor: Cursor): Json {
  cursor.expect('(');
  const consent = cursor.placed(() => {
    const channel = cursor.string('a channel in quotes');
    const topic = cursor.skips(',') ? { topic: cursor.string('a topic in quotes') } : {};
    return { channel, ...topic } as Json;
  });
  cursor.expect(')');
  cursor.expect('is');
  consent.is = cursor.expectOne(['granted', 'denied', 'unknown'], 'granted, denied or unknown');
  return { consent };
}

/** `account(plan = "pro" and seats >= 50)`, `account()`, and what is asked of its members. */
function readAccount(cursor: Cursor, readCondition: () => Json): Json {
  const bare = !cursor.skips('(');
  const { at } = cursor.next;
  const where = bare || cursor.sees(')') ? {} : { where: readTests(cursor) };
  if (!bare) cursor.expect(')');
  if (cursor.sees('member') || cursor.sees('other'))
    return { accountMember: cursor.placed(() => readMember(cursor, where, readCondition), at) };
  if (bare) cursor.fail('expected ( or member');
  return { account: cursor.placed(() => where, at) };
}

/** `member(event("Order Completed"))`, `other member(…)`, after the account's tests */
function readMember(cursor: Cursor, { where }: { where?: Json[] }, readCondition: () => Json): Json {
  const others = cursor.skips('other') ? { others: true } : {};
  cursor.expect('member');
  cursor.expect('(');
  const condition = readCondition();
  cursor.expect(')');
  return { where: condition, ...(where && { account: where }), ...others };
}

/** `anniversary(birthday, "Europe/Rome") in 0 to 7 days`, `anniversary(birthday, trait.timezone) in …` */
function readAnniversary(cursor: Cursor): Json {
  cursor.expect('(');
  const calendar = cursor.placed(() => ({ path: readPath(cursor) }) as Json);
  if (cursor.skips(',')) calendar.zone = readZone(cursor);
  cursor.expect(')');
  cursor.expect('in');
  calendar.in = cursor.placed(() => {
    const from = readNumber(cursor);
    cursor.expect('to');
    return { from, to: readNumber(cursor) };
  });
  cursor.expect('days');
  return { calendar };
}

function readZone(cursor: Cursor): unknown {
  if (cursor.next.kind === 'string') return cursor.string('a time zone');
  return cursor.placed(() => {
    cursor.expectOne(['trait'], 'a time zone in quotes, or a trait');
    cursor.expect('.');
    return { trait: readPath(cursor) };
  });
}

/** `sample(12.5%, "spring")` */
function readSample(cursor: Cursor): Json {
  cursor.expect('(');
  const sample = cursor.placed(() => ({ percent: readNumber(cursor) }) as Json);
  cursor.expect('%');
  if (cursor.skips(',')) sample.salt = cursor.string('a salt in quotes');
  cursor.expect(')');
  return { sample };
}

/** `audience("0197…")` */
function readAudience(cursor: Cursor): Json {
  cursor.expect('(');
  const audience = cursor.placed(() => ({ id: cursor.string('the id of an audience in quotes') }));
  cursor.expect(')');
  return { audience };
}

/** `event("Name" where price > 50 and gift = true, last 30 days, every 10 days)`, and what is asked of such events. */
function readEvent(cursor: Cursor): Json {
  const event = readSelection(cursor, true);
  if (cursor.sees('then')) {
    const then: Json[] = [];
    while (cursor.skips('then')) then.push(readThen(cursor));
    return { sequence: cursor.placed(() => ({ first: event, then })) };
  }
  if (!cursor.skips('.')) return { event };
  if (cursor.sees('first') && cursor.ahead(1).text === 'within') {
    cursor.take();
    cursor.take();
    event.firstWithin = readWindow(cursor);
    return { event };
  }
  const { measure, read } = readMeasure(cursor);
  event.measure = measure;
  Object.assign(event, readComparison(cursor, read));
  return { event };
}

function readMeasure(cursor: Cursor): { measure: unknown; read: (cursor: Cursor) => unknown } {
  const names = ['count', 'first', 'last', 'sum', 'min', 'max', 'avg', 'distinct'] as const;
  const place = cursor.next.at;
  const of = cursor.expectOne(names, names.join(', '));
  if (of === 'count') return { measure: of, read: readNumber };
  if (of === 'first' || of === 'last') return { measure: of, read: readDate };
  cursor.expect('(');
  const measure = cursor.placed(() => ({ [of]: readPath(cursor) }), place);
  cursor.expect(')');
  return { measure, read: readNumber };
}

/** `no event("Order Completed") within 2 hours`, after `then` */
function readThen(cursor: Cursor): Json {
  return cursor.placed(() => {
    const presence = cursor.skips('no') ? 'absent' : 'present';
    cursor.expect('event');
    const event = readSelection(cursor, false);
    return { [presence]: event, ...(cursor.skips('within') ? { gap: readDuration(cursor) } : {}) };
  });
}

function readTests(cursor: Cursor): Json[] {
  const tests = [readTest(cursor)];
  while (cursor.skips('and')) tests.push(readTest(cursor));
  return tests;
}

export function readSelection(cursor: Cursor, windowed: boolean): Json {
  cursor.expect('(');
  const event = cursor.placed(() => ({ name: cursor.string('the name of an event in quotes') }) as Json);
  if (cursor.skips('where')) event.where = readTests(cursor);
  while (windowed && cursor.skips(',')) {
    if (!event.within && seesWindow(cursor)) event.within = readWindow(cursor);
    else if (!event.every && cursor.skips('every')) event.every = readDuration(cursor);
    else cursor.fail('expected a window (last, from, to) or every');
  }
  cursor.expect(')');
  return event;
}
