import { DEFAULT_DELIVERY } from '@percorso/delivery';
import fc from 'fast-check';
import { arbitraryJourney } from '../definition/arbitraries';
import type { JourneyDefinition } from '../definition/definition';
import { endlessJumps } from '../definition/endless-jumps';
import { hastyCalls, LEAST_TIMEOUT_MS } from '../definition/hasty-calls';
import { parseJourney } from '../definition/parse-journey';
import { graphOf } from './journey-graph';

const SEED = Number(process.env.PERCORSO_SEED);
const ID = '0197a6d0-1111-7222-8333-444455556666';

function read(steps: object): JourneyDefinition {
  const start = Object.keys(steps)[0];
  const parsed = parseJourney({ version: 1, entries: [{ api: {} }], start, steps });
  if (!parsed.ok) throw new RangeError(JSON.stringify(parsed.errors));
  return parsed.journey;
}

describe('graphOf', () => {
  it('has the ways that are not written, and where bodies come back to', () => {
    const steps = {
      mail: { send: { connector: ID, content: { jsonata: '1' } }, failed: 'bye', next: 'react' },
      react: {
        await: {
          any: [{ event: { name: 'Bought' }, next: 'bye' }, { audience: { id: ID, on: 'exit' } }],
          timeout: '2d',
        },
        next: 'again',
      },
      again: { loop: { body: 'ab', times: 3 }, next: 'both' },
      ab: { split: { arms: [{ name: 'A', percent: 12.5 }] } },
      both: { parallel: { branches: ['p', 'q'] } },
      p: { wait: { for: '90m' } },
      q: { branch: [{ where: { jsonata: 'true' }, next: 'r' }] },
      r: { wait: { time: '09:05' } },
      bye: { end: { reason: 'bought' } },
    };
    const { nodes, edges } = graphOf(read(steps));
    expect(
      nodes.map(({ id, label, inside }) => [id, label, ...(inside === undefined ? [] : [inside])]),
    ).toEqual([
      ['entry:0', 'API'],
      ['mail', 'send'],
      ['react', 'await Bought or leaves audience'],
      ['again', 'up to 3 times'],
      ['ab', 'split', 'again'],
      ['both', 'parallel'],
      ['p', 'wait 90m', 'both'],
      ['q', 'branch', 'both'],
      ['r', 'wait until 09:05', 'both'],
      ['bye', 'bought'],
      ['end', 'End'],
    ]);
    const shown = edges.map(({ from, to, kind, label = '' }) => `${from} ${kind} ${to} ${label}`.trimEnd());
    expect(shown.sort()).toEqual(
      [
        'entry:0 entry mail',
        'mail failed bye failed',
        'mail next react',
        'react arm bye Bought',
        'react arm again leaves audience',
        'react timedOut again after 2d',
        'again body ab up to 3 times',
        'again next both',
        'ab arm again A 12.5%',
        'ab back again else',
        'both branch p branch 1',
        'both branch q branch 2',
        'both next end',
        'p back both',
        'q arm r case 1',
        'q back both else',
        'r back both',
        'bye next end',
      ].sort(),
    );
  });

  it(`leads every step of every journey to the end, by nodes that there are (seed ${SEED})`, () => {
    fc.assert(
      fc.property(arbitraryJourney, (json) => {
        const parsed = parseJourney(json);
        if (!parsed.ok) throw new RangeError('not valid');
        const { nodes, edges } = graphOf(parsed.journey);
        const ids = new Set(nodes.map(({ id }) => id));
        expect(ids.size).toBe(nodes.length);
        const reaching = new Set(['end']);
        for (let before = 0; before < reaching.size;) {
          before = reaching.size;
          for (const { from, to } of edges) if (reaching.has(to)) reaching.add(from);
        }
        for (const { from, to } of edges) expect([ids.has(from), ids.has(to)]).toEqual([true, true]);
        // What awaits something without a timeout leads to the end, too, when that happens.
        expect([...ids].filter((id) => !reaching.has(id))).toEqual([]);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});

describe('endlessJumps', () => {
  const jump = { jump: { journey: ID } };
  const wait = { wait: { for: '1h' } };
  const mistakes = (steps: object): string[] => endlessJumps(read(steps), ID).map(({ pointer }) => pointer);

  it.each<[string, object, boolean]>([
    ['at once', { j: jump }, true],
    ['after a wait', { w: { ...wait, next: 'j' }, j: jump }, false],
    [
      'by one arm of a branch',
      { b: { branch: [{ where: { jsonata: '1' }, next: 'j' }], next: 'w' }, j: jump, w: wait },
      true,
    ],
    [
      'after branches that all wait',
      { p: { parallel: { branches: ['a', 'b'] }, next: 'j' }, a: wait, b: wait, j: jump },
      false,
    ],
    [
      'after the first of branches, which does not wait',
      {
        p: { parallel: { branches: ['a', 'b'], join: 'any' }, next: 'j' },
        a: wait,
        b: { update: { context: { a: '1' } } },
        j: jump,
      },
      true,
    ],
    [
      'after a loop that may not be walked',
      { l: { loop: { body: 'w', times: 2, while: { jsonata: '1' } }, next: 'j' }, w: wait, j: jump },
      true,
    ],
    ['after a loop that waits', { l: { loop: { body: 'w', times: 2 }, next: 'j' }, w: wait, j: jump }, false],
    ['out of a body', { l: { loop: { body: 'j', times: 2 } }, j: jump }, true],
  ])('%s', (_name, steps, endless) => {
    expect(mistakes(steps)).toEqual(endless ? ['/steps/j/jump/journey'] : []);
    expect(endlessJumps(read(steps), undefined)).toEqual([]);
  });
});

describe('hastyCalls', () => {
  const mistakes = (timeout?: string): string[] =>
    hastyCalls(
      read({ a: { call: { connector: ID, content: { jsonata: '{}' }, ...(timeout && { timeout }) } } }),
    ).map(({ pointer, code }) => `${pointer} ${code}`);

  it('gives a call as long as delivery gives a provider for one try, at least', () => {
    expect(LEAST_TIMEOUT_MS).toBe(DEFAULT_DELIVERY.deadlineMs);
    expect(mistakes('19s')).toEqual(['/steps/a/call/timeout range']);
    expect(mistakes('25h')).toEqual(['/steps/a/call/timeout range']);
    for (const fits of ['20s', '1d', undefined]) expect(mistakes(fits)).toEqual([]);
  });
});
