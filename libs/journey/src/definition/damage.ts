import fc from 'fast-check';

/** What does not belong where it is put, mostly. */
const strange = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  1,
  1.5,
  -1,
  101,
  '',
  'a',
  's0a',
  '1d',
  '2026-12-24',
  'Europe/Nowhere',
  'constructor',
  '__proto__',
  '0197a6d0-1111-7222-8333-444455556666',
  [],
  {},
  [{}],
  { a: 'b' },
  { jsonata: '1' },
  { trait: 'zone' },
  { wait: { for: '1h' } },
);
const fields = fc.constantFrom(
  ...['next', 'failed', 'timedOut', 'key', 'where', 'wait', 'end', 'zone', 'as', 'backfill', 'event', 'api'],
  ...['timeout', 'constructor', 'x y', 'a/b~c'],
);
interface Damage {
  /** Draws the place. */
  place: number;
  kind: 'drop' | 'put' | 'add' | 'repeat';
  value: unknown;
  field: string;
}
const damage: fc.Arbitrary<Damage> = fc.record({
  place: fc.nat(10_000),
  kind: fc.constantFrom('drop', 'put', 'add', 'repeat'),
  value: strange,
  field: fields,
});

/** The same documents, broken (as a rule) in one to three places. */
export const damaged = <T>(documents: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.tuple(documents, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([json, damages]) => {
    const broken = structuredClone(json);
    for (const one of damages) apply(broken, one);
    return broken;
  });

function apply(json: unknown, { place, kind, value, field }: Damage): void {
  const places = [...placesIn(json)];
  const { holder, key } = places[place % places.length] ?? {};
  if (!holder || key === undefined) return;
  const inner = holder[key];
  if (kind === 'put') holder[key] = structuredClone(value);
  else if (kind === 'drop') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  } else if (kind === 'repeat' && Array.isArray(holder)) holder.push(structuredClone(inner));
  else if (inner !== null && typeof inner === 'object' && !Array.isArray(inner)) {
    (inner as Record<string, unknown>)[field] = structuredClone(value);
  }
}

function* placesIn(json: unknown): Generator<{ holder: Record<string, unknown>; key: string }> {
  if (json === null || typeof json !== 'object') return;
  for (const key of Object.keys(json)) {
    yield { holder: json as Record<string, unknown>, key };
    yield* placesIn((json as Record<string, unknown>)[key]);
  }
}
