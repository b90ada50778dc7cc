import { parseIsoTime } from './iso-time';

describe('ISO 8601 times', () => {
  it.each([
    ['2026-02-03', '2026-02-03T00:00:00.000Z'],
    ['2026-02-03T04:05', '2026-02-03T04:05:00.000Z'],
    ['2026-02-03T04:05:06Z', '2026-02-03T04:05:06.000Z'],
    ['2026-02-03T04:05:06.7+02:00', '2026-02-03T02:05:06.700Z'],
    ['2026-02-03 04:05:06.123456789-0530', '2026-02-03T09:35:06.123Z'],
    ['2024-02-29T23:59:60Z', '2024-03-01T00:00:00.000Z'],
    ['2026-02-03T00:00:00+14', '2026-02-02T10:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseIsoTime(text)?.toISOString()).toBe(expected);
  });

  it.each([
    '2026-02-30',
    '2026-13-01',
    '2026-00-01',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '1899-12-31',
  ])('refuses %s, which is no instant the stores hold', (text) => expect(parseIsoTime(text)).toBeUndefined());

  it.each([
    '',
    'yesterday',
    '1764000000',
    '03/02/2026',
    '2026-01-01T00:00:00+19:00',
    '2026-01-01T00:00:00 CET',
  ])('refuses %j, which is not ISO 8601', (text) => expect(parseIsoTime(text)).toBeUndefined());
});
