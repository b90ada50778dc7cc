/**
 * JSONata's functions that may work on the context in the place of an argument: from how many arguments on they cannot,
 * and whether only text and numbers serve.
 */
const CONTEXT_FUNCTIONS: ReadonlyMap<string, { enough: number; scalar: boolean }> = new Map([
  ...of(1, true, 'lowercase uppercase length trim formatBase number floor ceil round abs sqrt toMillis'),
  ...of(1, true, 'base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl'),
  ...of(2, true, 'substringBefore substringAfter contains formatInteger parseInteger power'),
  ...of(3, true, 'substring pad match split formatNumber fromMillis'),
  ...of(4, true, 'replace'),
  ...of(1, false, 'string boolean not keys spread clone'),
  ...of(2, false, 'lookup each sift'),
]);

/** The others: what they see is what they are given. */
const PLAIN_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'sum count max min average join random map zip filter single reduce append exists merge reverse error assert type ' +
    'sort shuffle distinct now millis'
  ).split(' '),
);

/** All of them but `$eval`, which mappings do not have. */
export const BUILT_INS: readonly string[] = [...CONTEXT_FUNCTIONS.keys(), ...PLAIN_FUNCTIONS];

/** What a call of the built-in function `name` with so many arguments may take of its context. */
export function takesContext(name: string, argumentCount: number): 'nothing' | 'scalar' | 'anything' {
  const known = CONTEXT_FUNCTIONS.get(name);
  if (!known) return PLAIN_FUNCTIONS.has(name) ? 'nothing' : 'anything';
  if (argumentCount >= known.enough) return 'nothing';
  return known.scalar ? 'scalar' : 'anything';
}

function of(enough: number, scalar: boolean, names: string): [string, { enough: number; scalar: boolean }][] {
  return names.split(' ').map((name) => [name, { enough, scalar }]);
}
