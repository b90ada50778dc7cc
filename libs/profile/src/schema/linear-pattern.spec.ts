import * as fc from 'fast-check';
import { LinearPattern } from './linear-pattern';

describe('patterns in linear time', () => {
  it.each([
    '^[A-Z]{2}\\d{3,5}$',
    'a|b+c?',
    '^(?:ab|a)*$',
    '\\w+@\\w+\\.\\w{2,}',
    '^$',
    'x{2,}y{0,2}z',
    '[^\\s-]+-',
    '\\u0061\\x62[\\]\\-c]',
    '.^a',
    '(a*)*b',
    '😀+$',
  ])('%s means what it means in JavaScript', (source) => {
    const ours = new LinearPattern(source);
    const theirs = new RegExp(source, 'u');
    const text = fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        'c',
        'x',
        'y',
        'z',
        '1',
        '2',
        'A',
        'B',
        '@',
        '.',
        '-',
        ']',
        ' ',
        '\n',
        '😀',
      ),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (given) => ours.test(given) === theirs.test(given)),
      { seed: Number(process.env.PERCORSO_SEED), numRuns: 2000 },
    );
  });

  it.each(['(a+)+$', '(a|aa)*$', '^(.*a){20}$', '(a|a|a)*b'])('%s cannot stall', (source) => {
    const pattern = new LinearPattern(source);
    // What it takes of a processor: that others have it meanwhile is not its fault.
    const started = process.cpuUsage();
    pattern.test(`${'a'.repeat(32_000)}!`);
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });

  it.each([
    '(?=a)',
    '(?<n>a)',
    '(a)\\1',
    '\\bword',
    '\\p{L}',
    'a{1000}',
    '(a{100}){100}',
    '(',
    ')',
    '[a',
    '*',
  ])('%s is refused', (source) => {
    expect(() => new LinearPattern(source)).toThrow();
  });
});
