import type { IngestItem } from './ingest-item';
import { MAX_DEPTH, MAX_EVENT_BYTES } from './limits';
import { parseItem } from './parse-item';

const receivedAt = new Date('2026-06-01T12:00:00Z');
const place = { partition: 0, pos: 7, receivedAt };
const track = { type: 'track', messageId: 'm1', userId: 'u1', event: 'Order Completed' };

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

function ok(item: unknown, at = place): IngestItem {
  const parsed = parseItem(item, at);
  if (!('ok' in parsed)) throw new TypeError(`quarantined: ${JSON.stringify(parsed)}`);
  return parsed.ok;
}

describe('an item of the log', () => {
  it('takes the six calls as Segment sends them', () => {
    expect(ok({ ...track, properties: { total: 9.5 } })).toMatchObject({
      event: 'Order Completed',
      userId: 'u1',
    });
    expect(
      ok({ type: 'identify', messageId: 'm', anonymousId: 'a', userId: null, traits: { vip: true } }),
    ).toMatchObject({
      anonymousId: 'a',
      userId: undefined,
      traits: { vip: true },
    });
    expect(
      ok({ type: 'page', messageId: 'm', userId: 'u', name: 'Home', properties: { path: '/' } }).properties,
    ).toEqual({
      name: 'Home',
      path: '/',
    });
    expect(ok({ type: 'group', messageId: 'm', userId: 'u', groupId: 12 })).toMatchObject({ groupId: '12' });
    expect(ok({ type: 'alias', messageId: 'm', userId: 'u', previousId: 'p' })).toMatchObject({
      previousId: 'p',
    });
  });

  it('ignores fields it does not know', () => {
    expect(ok({ ...track, channel: 'server', _metadata: { nodeVersion: '20' } })).toMatchObject({
      messageId: 'm1',
    });
  });

  it('names an item without messageId by its position, the same each time', () => {
    expect(ok({ ...track, messageId: undefined }).messageId).toBe('position:0:7');
  });

  it.each([
    ['no item', 5, '', 'value-invalid'],
    ['null', null, '', 'value-invalid'],
    ['no type', { userId: 'u' }, '/type', 'field-missing'],
    ['an unknown type', { ...track, type: 'explode' }, '/type', 'type-unknown'],
    [
      'a messageId of 101 characters',
      { ...track, messageId: 'x'.repeat(101) },
      '/messageId',
      'length-invalid',
    ],
    ['an empty messageId', { ...track, messageId: '' }, '/messageId', 'length-invalid'],
    ['a messageId that is a number', { ...track, messageId: 5 }, '/messageId', 'value-invalid'],
    ['an id that is an object', { ...track, userId: {} }, '/userId', 'value-invalid'],
    ['an id of 513 characters', { ...track, userId: 'x'.repeat(513) }, '/userId', 'length-invalid'],
    ['no id at all', { type: 'track', messageId: 'm', event: 'e' }, '/userId', 'field-missing'],
    ['empty ids', { ...track, userId: '', anonymousId: '' }, '/userId', 'field-missing'],
    ['no event name', { ...track, event: '' }, '/event', 'field-missing'],
    ['an event name that is a number', { ...track, event: 5 }, '/event', 'value-invalid'],
    ['an alias without previousId', { type: 'alias', userId: 'u' }, '/previousId', 'field-missing'],
    ['a group without groupId', { type: 'group', userId: 'u' }, '/groupId', 'field-missing'],
    ['properties that are a list', { ...track, properties: [] }, '/properties', 'value-invalid'],
    ['traits that are text', { type: 'identify', userId: 'u', traits: 'x' }, '/traits', 'value-invalid'],
    ['context that is a number', { ...track, context: 1 }, '/context', 'value-invalid'],
    ['a timestamp that is no date', { ...track, timestamp: 'soon' }, '/timestamp', 'time-invalid'],
    ['a timestamp that is a number', { ...track, timestamp: 1764000000 }, '/timestamp', 'value-invalid'],
    ['30 February', { ...track, timestamp: '2026-02-30T00:00:00Z' }, '/timestamp', 'time-invalid'],
    [
      'NUL in a value',
      { ...track, properties: { a: ['x\u0000'] } },
      '/properties/a/0',
      'character-unsupported',
    ],
    ['NUL in a key', { ...track, properties: { 'x\u0000': 1 } }, '/properties', 'character-unsupported'],
    [
      'half a pair',
      { ...track, properties: { 'a/b': '\ud83d' } },
      '/properties/a~1b',
      'character-unsupported',
    ],
    [
      'half a pair in an unknown field',
      { ...track, more: { x: '\udc00' } },
      '/more/x',
      'character-unsupported',
    ],
    [
      'an infinite number',
      { ...track, properties: JSON.parse('{"n":1e999}') },
      '/properties/n',
      'number-inexact',
    ],
    [
      '2^53 + 1',
      { ...track, properties: JSON.parse('{"n":9007199254740993}') },
      '/properties/n',
      'number-inexact',
    ],
    [
      '__proto__',
      { ...track, properties: JSON.parse('{"__proto__":{"x":1}}') },
      '/properties',
      'key-forbidden',
    ],
    [
      'deep nesting',
      { ...track, properties: { a: nested(MAX_DEPTH) } },
      expect.stringMatching(/^\/properties\/a(\/0)+$/),
      'too-deep',
    ],
  ])('quarantines %s', (_, item, pointer, code) => {
    expect(parseItem(item, place)).toEqual({ quarantine: { code, pointer, reason: expect.any(String) } });
  });

  it('takes a whole pair of surrogates and 64 levels', () => {
    expect(ok({ ...track, properties: { smile: '😀', a: nested(MAX_DEPTH - 2) } }).properties).toBeDefined();
  });

  it('quarantines 200,000 levels without recursing into them', () => {
    const text = `{"type":"track","userId":"u","event":"e","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(parseItem(JSON.parse(text), place)).toMatchObject({ quarantine: { code: 'too-deep' } });
  });

  it('quarantines an event over its size, and no pollution comes of reading one', () => {
    expect(parseItem(track, { ...place, size: MAX_EVENT_BYTES })).toHaveProperty('ok');
    expect(parseItem(track, { ...place, size: MAX_EVENT_BYTES + 1 })).toMatchObject({
      quarantine: { code: 'event-too-large', pointer: '' },
    });
  });

  it('corrects the client’s clock by received minus sent and lets nothing happen in the future', () => {
    const sentAt = new Date('2026-06-01T13:00:00Z');
    const timestamp = '2026-06-01T12:58:00Z';
    expect(ok({ ...track, timestamp }, { ...place, sentAt } as never).timestamp).toEqual(
      new Date('2026-06-01T11:58:00Z'),
    );
    expect(ok({ ...track, timestamp, sentAt: sentAt.toISOString() }).timestamp).toEqual(
      new Date('2026-06-01T11:58:00Z'),
    );
    expect(ok({ ...track, timestamp }).timestamp).toEqual(receivedAt);
    expect(ok({ ...track, originalTimestamp: '2026-06-01T11:00:00Z' }).timestamp).toEqual(
      new Date('2026-06-01T11:00:00Z'),
    );
    expect(ok(track).timestamp).toEqual(receivedAt);
  });
});
