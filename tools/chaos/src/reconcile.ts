import type {
  AttemptRow,
  AudienceEvidence,
  Balance,
  Evidence,
  LedgerRow,
  MessageEvidence,
  RecordEvidence,
} from './evidence';
import { silences, type Silence, wasSilenced } from './doubt';
import { FAULT_KINDS, isKill, leastOf } from './schedule';
import type { Struck } from './strikes';

/** One line of the reconciliation. */
export interface Check {
  name: string;
  ok: boolean;
  /** What it found, in a few words. */
  found: string;
  /** The first of what should not be. */
  differences: string[];
}

const SHOWN = 5;

const check = (name: string, found: string, differences: readonly string[]): Check => ({
  name,
  ok: differences.length === 0,
  found,
  differences: differences.slice(0, SHOWN),
});

/** Holds every side against the others, and the faults against what had to strike. */
export function reconcile(evidence: Evidence, minutes: number): Check[] {
  const { events, audiences, messages, records, struck, ownDeaths } = evidence;
  return [
    check(
      'events: what was acknowledged is what PostgreSQL holds, each once',
      `${events.acknowledged.length} acknowledged`,
      apart('acknowledged', events.acknowledged, 'PostgreSQL', events.postgres),
    ),
    check(
      'events: what was acknowledged is what ClickHouse holds, each once',
      `${events.clickhouse.length} held`,
      apart('acknowledged', events.acknowledged, 'ClickHouse', events.clickhouse),
    ),
    ...audiences.flatMap(ofAudience),
    ...messages.flatMap((message) => ofMessages(message, struck)),
    ...ofRecords(records),
    check('hub: no process ended by itself', `${ownDeaths.length} did`, ownDeaths),
    ...ofFaults(struck, minutes),
  ];
}

function ofAudience({ name, expected, members, pulled, deltas, drift }: AudienceEvidence): Check[] {
  return [
    check(
      `${name}: members are those whom the calls make`,
      `${members.length} members`,
      apart('calls', expected, 'membership', members),
    ),
    check(
      `${name}: the log replayed gives the members, without a gap`,
      `${deltas.length} entries and exits`,
      [...gaps(deltas), ...apart('log', replay(deltas), 'membership', members)],
    ),
    check(
      `${name}: a tool that pulled through it all holds the members`,
      `${pulled.length} held`,
      apart('membership', members, 'puller', pulled),
    ),
    check(`${name}: its set says the same`, `drift ${drift}`, drift === 0 ? [] : [`drift is ${drift}`]),
  ];
}

function ofMessages(side: MessageEvidence, struck: readonly Struck[]): Check[] {
  const { target, certainty, fates, ledger, journal, unknown, attempts } = side;
  const sent = journal.filter(({ repeated }) => !repeated).map(({ address }) => address);
  const again = [...tally(sent)].flatMap(([address, times]) =>
    times > 1 ? [`${address} ${times} times`] : [],
  );
  const repeats = journal.length - sent.length;
  return [
    balanced(side),
    check(
      `${target}: every member came to what the calls say`,
      `${ledger.length} intents`,
      misfates(fates, ledger),
    ),
    check(`${target}: what the ledger calls accepted, the target has`, counted(ledger, 'accepted'), [
      ...missing(ledger, new Set(sent), ['accepted'], 'is accepted, and the target never had it'),
    ]),
    check(
      `${target}: what the target has, the ledger calls accepted or unknown`,
      `${sent.length} messages`,
      strangers(sent, ledger),
    ),
    check(
      certainty === 'key' ? `${target}: nobody was told twice` : `${target}: nothing was sent again blindly`,
      certainty === 'key' ? `${repeats} requests repeated under their key` : `${sent.length} requests`,
      certainty === 'key' ? again : [...again, ...(repeats > 0 ? [`${repeats} repeated`] : [])],
    ),
    certainty === 'key'
      ? resolved(target, unknown)
      : bounded(target, unknown, attempts, silences(struck, target)),
  ];
}

function ofRecords(side: RecordEvidence): Check[] {
  const { target, fates, ledger, journal, held } = side;
  const told = ledger.filter(({ operation, state }) => operation === 'upsert' && state === 'accepted');
  const writes = tally(journal.map(({ address }) => address));
  const intents = tally(ledger.flatMap(({ address }) => (address === null ? [] : [address])));
  const doubled = [...writes].flatMap(([address, times]) =>
    times > (intents.get(address) ?? 0)
      ? [`${address}: ${times} changes, ${intents.get(address) ?? 0} intents`]
      : [],
  );
  const last = lastOf(ledger);
  return [
    balanced(side),
    check(
      `${target}: every member came to what the calls say`,
      `${last.length} persons`,
      misfates(
        fates,
        last.filter(({ user, operation }) => user in fates || operation !== 'remove'),
      ),
    ),
    check(
      `${target}: it holds the members, and nobody who left`,
      `${held.length} records`,
      apart(
        'members',
        last.flatMap(({ operation, state, address }) =>
          operation === 'upsert' && state === 'accepted' ? [address ?? ''] : [],
        ),
        target,
        held,
      ),
    ),
    check(
      `${target}: no intent changed it twice`,
      `${journal.length} changes, ${told.length} entries`,
      doubled,
    ),
    resolved(
      target,
      ledger.filter(({ state }) => state === 'unknown'),
    ),
  ];
}

function balanced({ target, balance, fates }: { target: string; balance: Balance; fates: object }): Check {
  const { members, accepted, rejected, suppressed, dropped, pending, unknown } = balance;
  const sum = accepted + rejected + suppressed + dropped + pending + unknown;
  const should = Object.keys(fates).length;
  return check(
    `${target}: members = accepted + rejected + suppressed + dropped + pending + unknown`,
    `${members} = ${accepted} + ${rejected} + ${suppressed} + ${dropped} + ${pending} + ${unknown}`,
    [
      ...(sum === members ? [] : [`the sum is ${sum}`]),
      ...(members === should ? [] : [`${should} should be members`]),
      ...(pending === 0 ? [] : [`${pending} are pending`]),
    ],
  );
}

const resolved = (target: string, unknown: readonly { user: string }[]): Check =>
  check(
    `${target}: nothing stays unknown`,
    `${unknown.length} unknown`,
    unknown.map(({ user }) => `${user} is unknown`),
  );

/** At most what was out when something was killed, and what a provider left in doubt. */
function bounded(
  target: string,
  unknown: MessageEvidence['unknown'],
  attempts: readonly AttemptRow[],
  { kills, doubts }: Silence,
): Check {
  const silenced = (one: AttemptRow): boolean => kills.some((kill) => wasSilenced(one, kill));
  const inFlight = attempts.filter(silenced).length;
  const explained = new Set(unknown.filter(silenced).map(({ user }) => user));
  const others = [...new Set(unknown.map(({ user }) => user))].filter((user) => !explained.has(user));
  return check(
    `${target}: unknown at most kills × in flight + half-accepts`,
    `${explained.size + others.length} of ${inFlight} in flight at kills + ${doubts} half-accepts`,
    others.length <= doubts
      ? []
      : [
          `${others.length} were out at no kill`,
          ...unknown
            .filter(({ user }) => others.includes(user))
            .map(({ user, code, from }) => `${user}: ${code} at ${new Date(from).toISOString()}`),
        ],
  );
}

function ofFaults(struck: readonly Struck[], minutes: number): Check[] {
  const least = leastOf(minutes);
  const counts = tally(struck.map(({ kind }) => kind));
  const kills = struck.filter(({ kind }) => isKill(kind)).length;
  return [
    check(
      'faults: each kind struck often enough',
      `${least.ofEachKind} times or more, ${struck.length} in all`,
      FAULT_KINDS.flatMap((kind) => {
        const times = counts.get(kind) ?? 0;
        return times >= least.ofEachKind ? [] : [`${kind} struck ${times} times`];
      }),
    ),
    check(
      'faults: there were enough SIGKILLs',
      `${kills} of at least ${least.kills}`,
      kills >= least.kills ? [] : [`there were ${kills}`],
    ),
  ];
}

/** Members whose newest intent came to something else; what may have arrived may also stay unknown. */
function misfates(fates: Readonly<Record<string, string>>, ledger: readonly LedgerRow[]): string[] {
  const states = new Map(ledger.map(({ user, state }) => [user, state]));
  const wrong = Object.entries(fates).flatMap(([user, fate]) => {
    const state = states.get(user) ?? 'no intent';
    const may = fate === 'accepted' || fate === 'rejected' ? [fate, 'unknown'] : [fate];
    return may.includes(state) ? [] : [`${user} should be ${fate} and is ${state}`];
  });
  const others = [...states.keys()].filter((user) => !(user in fates)).map((user) => `${user} is no member`);
  const twice = [...tally(ledger.map(({ user }) => user))].flatMap(([user, times]) =>
    times > 1 ? [`${user} has ${times} intents`] : [],
  );
  return [...wrong, ...others, ...twice];
}

function missing(
  ledger: readonly LedgerRow[],
  at: ReadonlySet<string>,
  states: readonly string[],
  what: string,
): string[] {
  return ledger.flatMap(({ user, state, address }) =>
    states.includes(state) && !at.has(address ?? '') ? [`${user} ${what}`] : [],
  );
}

function strangers(sent: readonly string[], ledger: readonly LedgerRow[]): string[] {
  const states = new Map(ledger.map(({ address, state }) => [address, state]));
  return sent.flatMap((address) => {
    const state = states.get(address) ?? 'no intent';
    return state === 'accepted' || state === 'unknown' ? [] : [`${address} arrived and is ${state}`];
  });
}

/** The newest intent of each user, of a list in order of age. */
const lastOf = (ledger: readonly LedgerRow[]): LedgerRow[] => [
  ...new Map(ledger.map((row) => [row.user, row])).values(),
];

const counted = (ledger: readonly LedgerRow[], state: string): string =>
  `${ledger.filter((row) => row.state === state).length} ${state}`;

/** Each pair's versions are 1, 2, 3, …, odd ones entries. */
function gaps(deltas: AudienceEvidence['deltas']): string[] {
  const versions = new Map<string, number>();
  return deltas.flatMap(({ user, op, version }) => {
    const next = (versions.get(user) ?? 0) + 1;
    versions.set(user, version);
    return version === next && op === (version % 2 === 1 ? 'enter' : 'exit')
      ? []
      : [`${user}: ${op} ${version} where ${next} should be`];
  });
}

function replay(deltas: AudienceEvidence['deltas']): string[] {
  const members = new Set<string>();
  for (const { user, op } of deltas) {
    if (op === 'enter') members.add(user);
    else members.delete(user);
  }
  return [...members];
}

/** What two lists do not share, repetitions counted. */
function apart(
  leftName: string,
  left: readonly string[],
  rightName: string,
  right: readonly string[],
): string[] {
  const balance = tally(left);
  for (const one of right) balance.set(one, (balance.get(one) ?? 0) - 1);
  return [...balance].flatMap(([one, count]) => {
    if (count === 0) return [];
    return [`${one}: ${Math.abs(count)} more in ${count > 0 ? leftName : rightName}`];
  });
}

function tally<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
