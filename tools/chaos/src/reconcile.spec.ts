import type { Evidence } from './evidence';
import { reconcile } from './reconcile';
import { FAULT_KINDS, leastOf, makeSchedule } from './schedule';
import type { Struck } from './strikes';

const MINUTES = 2;
const AT = Date.parse('2026-11-25T12:00:00Z');

const struckAsPlanned = (): Struck[] =>
  makeSchedule(7, MINUTES).map(({ kind, target, atMs, lastsMs }) => ({
    kind,
    ...(target && { target }),
    at: AT + atMs,
    ...(lastsMs && { until: AT + atMs + lastsMs }),
    victim: 'somebody',
  }));

/** Ada and Bob are members and Cem left; Dan's mailbox is gone, Eve said no, and Bob's text message is in doubt. */
function truth(): Evidence {
  const killed = struckAsPlanned().find(({ kind }) => kind === 'kill worker')!.at;
  const lost = {
    effect: 'bob-sms',
    from: killed - 100,
    to: killed + 26_000,
    outcome: 'unknown',
    code: 'worker-lost',
  };
  const sent = (user: string, state = 'accepted') => ({
    user,
    operation: 'send' as const,
    state,
    address: `${user}@x`,
  });
  return {
    events: {
      acknowledged: ['m1', 'm2', 'm3'],
      postgres: ['m3', 'm1', 'm2'],
      clickhouse: ['m1', 'm2', 'm3'],
    },
    audiences: [
      {
        name: 'vips',
        expected: ['ada', 'bob'],
        members: ['bob', 'ada'],
        pulled: ['ada', 'bob'],
        deltas: [
          { user: 'ada', op: 'enter', version: 1 },
          { user: 'cem', op: 'enter', version: 1 },
          { user: 'bob', op: 'enter', version: 1 },
          { user: 'cem', op: 'exit', version: 2 },
        ],
        drift: 0,
      },
    ],
    messages: [
      {
        target: 'keyed',
        certainty: 'key',
        balance: { members: 3, accepted: 2, rejected: 0, suppressed: 1, dropped: 0, pending: 0, unknown: 0 },
        fates: { ada: 'accepted', bob: 'accepted', eve: 'suppressed' },
        ledger: [sent('ada'), sent('bob'), sent('eve', 'suppressed')],
        unknown: [],
        attempts: [],
        journal: [
          { address: 'ada@x', repeated: false },
          { address: 'bob@x', repeated: false },
          { address: 'bob@x', repeated: true },
        ],
      },
      {
        target: 'sms',
        certainty: 'none',
        balance: { members: 4, accepted: 1, rejected: 1, suppressed: 1, dropped: 0, pending: 0, unknown: 1 },
        fates: { ada: 'accepted', bob: 'accepted', dan: 'rejected', eve: 'suppressed' },
        ledger: [sent('ada'), sent('bob', 'unknown'), sent('dan', 'rejected'), sent('eve', 'suppressed')],
        unknown: [{ ...lost, user: 'bob' }],
        attempts: [lost],
        journal: [
          { address: 'ada@x', repeated: false },
          { address: 'bob@x', repeated: false },
        ],
      },
    ],
    records: {
      target: 'campaign',
      balance: { members: 2, accepted: 2, rejected: 0, suppressed: 0, dropped: 0, pending: 0, unknown: 0 },
      fates: { ada: 'accepted', bob: 'accepted' },
      ledger: [
        { user: 'ada', operation: 'upsert', state: 'accepted', address: 'ada@x' },
        { user: 'bob', operation: 'upsert', state: 'accepted', address: 'bob@x' },
        { user: 'cem', operation: 'upsert', state: 'accepted', address: 'cem@x' },
        { user: 'cem', operation: 'remove', state: 'accepted', address: 'cem@x' },
      ],
      journal: [
        { address: 'ada@x', effect: 'inserted' },
        { address: 'cem@x', effect: 'inserted' },
        { address: 'bob@x', effect: 'inserted' },
        { address: 'cem@x', effect: 'deleted' },
      ],
      held: ['ada@x', 'bob@x'],
    },
    struck: struckAsPlanned(),
    ownDeaths: [],
  };
}

/** The lines that fail once the evidence was tampered with. */
function failing(tamper: (evidence: Evidence) => void): string[] {
  const evidence = truth();
  tamper(evidence);
  return reconcile(evidence, MINUTES)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
}

const keyed = ({ messages }: Evidence) => messages[0]!;
const sms = ({ messages }: Evidence) => messages[1]!;
const vips = ({ audiences }: Evidence) => audiences[0]!;

describe('the reconciliation', () => {
  it('finds nothing in evidence that agrees', () => {
    expect(failing(() => undefined)).toEqual([]);
  });

  it.each<[string, (evidence: Evidence) => void, string[]]>([
    [
      'an event PostgreSQL lost',
      ({ events }) => events.postgres.pop(),
      ['events: what was acknowledged is what PostgreSQL holds, each once'],
    ],
    [
      'an event ClickHouse has twice',
      ({ events }) => events.clickhouse.push('m1'),
      ['events: what was acknowledged is what ClickHouse holds, each once'],
    ],
    [
      'a member who should be none',
      (one) => vips(one).expected.pop(),
      ['vips: members are those whom the calls make'],
    ],
    [
      'a delta that is missing',
      (one) => vips(one).deltas.splice(1, 1),
      ['vips: the log replayed gives the members, without a gap'],
    ],
    [
      'a delta that came twice',
      (one) => vips(one).deltas.push({ user: 'ada', op: 'enter', version: 1 }),
      ['vips: the log replayed gives the members, without a gap'],
    ],
    [
      'a member the puller lost',
      (one) => vips(one).pulled.pop(),
      ['vips: a tool that pulled through it all holds the members'],
    ],
    ['a set that says otherwise', (one) => (vips(one).drift = 1), ['vips: its set says the same']],
    [
      'an intent that is still pending',
      (one) => Object.assign(keyed(one).balance, { accepted: 1, pending: 1 }),
      ['keyed: members = accepted + rejected + suppressed + dropped + pending + unknown'],
    ],
    [
      'a member in no column of the sum',
      (one) => (keyed(one).balance.accepted = 1),
      ['keyed: members = accepted + rejected + suppressed + dropped + pending + unknown'],
    ],
    [
      'a line the target’s journal lost',
      (one) => keyed(one).journal.shift(),
      ['keyed: what the ledger calls accepted, the target has'],
    ],
    [
      'a message sent twice under two keys',
      (one) => keyed(one).journal.push({ address: 'ada@x', repeated: false }),
      ['keyed: nobody was told twice'],
    ],
    [
      'a message sent again where there are no keys',
      (one) => sms(one).journal.push({ address: 'bob@x', repeated: false }),
      ['sms: nothing was sent again blindly'],
    ],
    [
      'a message to one who said no',
      (one) => sms(one).journal.push({ address: 'eve@x', repeated: false }),
      ['sms: what the target has, the ledger calls accepted or unknown'],
    ],
    [
      'an effect the ledger lost',
      (one) => keyed(one).ledger.shift(),
      [
        'keyed: every member came to what the calls say',
        'keyed: what the target has, the ledger calls accepted or unknown',
      ],
    ],
    [
      'an unknown that could be resolved',
      (one) => {
        keyed(one).ledger[0]!.state = 'unknown';
        keyed(one).unknown.push({ ...sms(one).unknown[0]!, user: 'ada' });
      },
      ['keyed: nothing stays unknown'],
    ],
    [
      'more unknown than kills and half-accepts explain',
      (one) => {
        const { user: _, ...attempt } = sms(one).unknown[0]!;
        const apart = ['ada', 'dan', 'fay', 'gil', 'hal', 'ivy'].map((user) => ({
          ...attempt,
          user,
          code: 'odd',
        }));
        sms(one).unknown.push(...apart);
      },
      ['sms: unknown at most kills × in flight + half-accepts'],
    ],
    [
      'an unknown long after the last kill',
      (one) => {
        one.struck = one.struck.filter(({ target }) => target !== 'sms');
        Object.assign(sms(one).unknown[0]!, { from: AT + 3_600_000, to: AT + 3_626_000 });
      },
      ['sms: unknown at most kills × in flight + half-accepts'],
    ],
    [
      'a record of one who left',
      ({ records }) => records.held.push('cem@x'),
      ['campaign: it holds the members, and nobody who left'],
    ],
    [
      'a record that is missing',
      ({ records }) => records.held.pop(),
      ['campaign: it holds the members, and nobody who left'],
    ],
    [
      'a record there twice',
      ({ records }) => records.held.push('ada@x'),
      ['campaign: it holds the members, and nobody who left'],
    ],
    [
      'a write that nobody meant',
      ({ records }) => records.journal.push({ address: 'ada@x', effect: 'updated' }),
      ['campaign: no intent changed it twice'],
    ],
    [
      'a removal nobody was told of',
      ({ records }) => records.ledger.pop(),
      [
        'campaign: every member came to what the calls say',
        'campaign: it holds the members, and nobody who left',
        'campaign: no intent changed it twice',
      ],
    ],
    [
      'a hub that died by itself',
      ({ ownDeaths }) => ownDeaths.push('worker-1 ended with 1'),
      ['hub: no process ended by itself'],
    ],
    [
      'a kind of fault that did not strike',
      (one) => (one.struck = one.struck.filter(({ kind }) => kind !== 'flush Redis')),
      ['faults: each kind struck often enough'],
    ],
    [
      'too few kills',
      (one) => {
        const kills = one.struck.filter(({ kind }) => kind === 'kill worker').slice(1);
        one.struck = one.struck.filter((struck) => !kills.includes(struck));
      },
      ['faults: there were enough SIGKILLs'],
    ],
  ])('catches %s', (_, tamper, lines) => {
    expect(failing(tamper)).toEqual(lines);
  });

  it('names the first of what differs', () => {
    const evidence = truth();
    evidence.events.postgres = [];
    const [events] = reconcile(evidence, MINUTES);
    expect(events!.differences).toEqual(['m1', 'm2', 'm3'].map((id) => `${id}: 1 more in acknowledged`));
  });
});

describe('the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(makeSchedule(5, 10)).toEqual(makeSchedule(5, 10));
    expect(makeSchedule(6, 10)).not.toEqual(makeSchedule(5, 10));
  });

  it.each([2, 10, 30])('of %s minutes has what it must, by itself, in its time', (minutes) => {
    const schedule = makeSchedule(minutes, minutes);
    const least = leastOf(minutes);
    for (const kind of FAULT_KINDS) {
      const times = schedule.filter((strike) => strike.kind === kind).length;
      expect({ kind, enough: times >= least.ofEachKind }).toEqual({ kind, enough: true });
    }
    expect(schedule.filter(({ kind }) => kind.startsWith('kill ')).length).toBeGreaterThanOrEqual(
      least.kills,
    );
    expect(schedule.at(-1)!.atMs).toBeLessThan(minutes * 60_000);
    expect(schedule.map(({ atMs }) => atMs)).toEqual(schedule.map(({ atMs }) => atMs).sort((a, b) => a - b));
  });

  it('wants five of each kind and a hundred kills of ten minutes', () => {
    expect(leastOf(10)).toEqual({ ofEachKind: 5, kills: 100 });
    expect(leastOf(2)).toEqual({ ofEachKind: 1, kills: 20 });
  });
});
