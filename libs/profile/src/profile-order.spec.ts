import fc from 'fast-check';
import type { ProfileFixture } from './profile-fixture';
import { useProfileFixture } from './use-profile-fixture';

const START = Date.UTC(2026, 1, 1);
const seed = Number(process.env.PERCORSO_SEED);

interface Said {
  owner: number;
  identities: ('user' | 'anonymous' | 'other')[];
  kind: 'identify' | 'track' | 'group';
  trait: string;
  value: number;
}

const said: fc.Arbitrary<Said> = fc.record({
  owner: fc.integer({ min: 1, max: 3 }),
  identities: fc.uniqueArray(fc.constantFrom('user', 'anonymous', 'other'), { minLength: 1 }),
  kind: fc.constantFrom('identify', 'track', 'group'),
  trait: fc.constantFrom('plan', 'city'),
  value: fc.integer({ min: 0, max: 9 }),
});

const DEVICES = 2;

/** `device`: identities are shared between owners, so that merges are refused. */
function itemOf(event: Said, index: number, device: boolean): Record<string, unknown> {
  const { owner, identities, kind } = event;
  const has = (name: Said['identities'][number]): boolean => identities.includes(name);
  return {
    messageId: `m${index}`,
    type: kind,
    timestamp: new Date(START + index * 1000).toISOString(),
    ...(has('user') ? { userId: `u${owner}` } : {}),
    anonymousId: has('anonymous') || !has('user') ? `a${owner}` : undefined,
    ...(kind === 'group' ? { groupId: `g${event.value}` } : {}),
    ...(kind === 'track' ? { event: 'Seen' } : {}),
    ...(kind === 'identify'
      ? {
          traits: {
            [event.trait]: event.value === 0 ? null : event.value,
            ...(has('other') ? { email: `p${owner}@example.com` } : {}),
          },
        }
      : {}),
    context: {
      ...(event.value % 3 === 0 ? { consent: { categoryPreferences: { email: event.value > 4 } } } : {}),
      ...(device && has('other') ? { device: { id: `d${owner % DEVICES}` } } : {}),
    },
  };
}

interface Person {
  identities: string[];
  traits: Record<string, unknown>;
  consent?: string;
  groups: string[];
  first: number;
  last: number;
}

/** What must come out, by the definition: connected identities are one person, the latest said wins. */
function reference(items: readonly Record<string, unknown>[]): Person[] {
  const persons: { ids: Set<string>; items: Record<string, unknown>[] }[] = [];
  for (const item of items) {
    const traits = (item.traits ?? {}) as Record<string, unknown>;
    const ids = [item.userId, item.anonymousId, traits.email].filter((id) => id !== undefined) as string[];
    const touched = persons.filter((person) => ids.some((id) => person.ids.has(id)));
    for (const person of touched) persons.splice(persons.indexOf(person), 1);
    persons.push({
      ids: new Set([...ids, ...touched.flatMap((person) => [...person.ids])]),
      items: [...touched.flatMap((person) => person.items), item],
    });
  }
  return persons.map(({ ids, items: own }) => {
    own.sort((a, b) => String(a.timestamp).localeCompare(String(b.timestamp)));
    const traits: Record<string, unknown> = Object.assign({}, ...own.map((item) => item.traits ?? {}));
    for (const key of Object.keys(traits)) if (traits[key] === null) delete traits[key];
    const consents = own.flatMap((item) => {
      const { consent } = item.context as { consent?: { categoryPreferences: { email: boolean } } };
      return consent ? [consent.categoryPreferences.email] : [];
    });
    const times = own.map((item) => Date.parse(String(item.timestamp)));
    return {
      identities: [...ids].sort(),
      traits,
      consent: consents.length === 0 ? undefined : consents.at(-1) ? 'granted' : 'denied',
      groups: [
        ...new Set(own.flatMap((item) => (item.groupId === undefined ? [] : [String(item.groupId)]))),
      ].sort(),
      first: Math.min(...times),
      last: Math.max(...times),
    };
  });
}

const sorted = (persons: Person[]): Person[] =>
  persons.sort((a, b) => (a.identities[0]! < b.identities[0]! ? -1 : 1));

describe('the order and grouping of arrival', () => {
  let fixture: ProfileFixture;

  useProfileFixture((started) => (fixture = started));

  async function stored(workspaceId: string): Promise<(Person & { number: number })[]> {
    return fixture.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT person FROM profile WHERE workspace_id = $1 AND state = 'active' ORDER BY person`,
        [workspaceId],
      );
      const documents = await fixture.reader.documents(
        tx,
        rows.map((row) => row.person),
      );
      return [...documents.values()].map((document) => ({
        number: document.person,
        identities: Object.values(document.identities).flat().sort(),
        traits: document.traits,
        consent: document.consent.email?.['*'],
        groups: document.groups,
        first: document.firstSeen.getTime(),
        last: document.lastSeen.getTime(),
      }));
    });
  }

  it(`is of no matter to profiles: shuffled and repeated events give the reference’s persons (seed ${seed})`, async () => {
    const streams = fc.array(said, { minLength: 1, maxLength: 25 }).chain((events) => {
      const items = events.map((event, index) => itemOf(event, index, false));
      const arrivals = fc
        .tuple(
          fc.shuffledSubarray(items, { minLength: items.length }),
          fc.shuffledSubarray(items),
          fc.integer({ min: 1, max: 9 }),
        )
        .map(([all, again, size]) => ({ items, arrivals: [...all, ...again], repeated: again.length, size }));
      return arrivals;
    });
    await fc.assert(
      fc.asyncProperty(streams, async ({ items, arrivals, repeated, size }) => {
        const workspaceId = await fixture.workspace();
        for (let at = 0; at < arrivals.length; at += size) {
          await fixture.say(workspaceId, ...arrivals.slice(at, at + size));
        }
        const persons = (await stored(workspaceId)).map(({ number: _, ...person }) => person);
        expect(sorted(persons)).toEqual(sorted(reference(items)));
        expect(await fixture.head(workspaceId)).toMatchObject({
          accepted: items.length,
          duplicates: repeated,
          quarantined: 0,
          applied: arrivals.length,
        });
      }),
      { seed, numRuns: 25 },
    );
  }, 120_000);

  it(`in bulk is as one by one, shared devices and refusals included (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { minLength: 2, maxLength: 20 }), async (events) => {
        const items = events.map((event, index) => itemOf(event, index, true));
        const [bulk, single] = [await fixture.workspace(), await fixture.workspace()];
        await fixture.say(bulk, ...items, ...items.slice(0, 3));
        for (const item of items) await fixture.say(single, item);
        expect(await stored(bulk)).toEqual(await stored(single));
      }),
      { seed, numRuns: 20 },
    );
  }, 120_000);
});
