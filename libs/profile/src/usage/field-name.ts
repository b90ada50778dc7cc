/** Names from the root of a profile down, such as ['traits', 'address', 'city']. */
export type FieldPath = readonly string[];

/** How many names a field of each root has at least and at most. */
const ROOTS: Record<string, [least: number, most: number]> = {
  traits: [1, Infinity],
  identities: [1, 2],
  events: [2, Infinity],
  accounts: [1, Infinity],
  consent: [1, 3],
  groups: [1, 1],
  firstSeen: [1, 1],
  lastSeen: [1, 1],
};

/** What is looked for is text with a dot, a quotation mark or nothing in it. */
const PLAIN = /^[^."]+$/;
const STEP = /(?:([^."]+)|("(?:[^"\\]|\\.)*"))(\.(?=.)|$)/y;
/** In the place of an event's name: every event. */
const ANY_EVENT = '*';

/** The path that a field's name stands for: `traits.address.city`, `events."order.paid".total`; undefined for none. */
export function parseField(text: string): FieldPath | undefined {
  const path: string[] = [];
  for (STEP.lastIndex = 0; STEP.lastIndex < text.length;) {
    const found = STEP.exec(text);
    const name = found && (found[1] ?? unquoted(found[2]));
    if (!name) return undefined;
    path.push(name);
  }
  const [least, most] = (Object.hasOwn(ROOTS, path[0] ?? '') && ROOTS[path[0] ?? '']) || [1, 0];
  return path.length >= least && path.length <= most ? path : undefined;
}

/** The one way a path is written. */
export const formatField = (path: FieldPath): string =>
  path.map((name) => (PLAIN.test(name) ? name : JSON.stringify(name))).join('.');

/** Whether one lies in the other, or both are the same. */
export const overlap = (one: FieldPath, other: FieldPath): boolean =>
  one.every(
    (name, index) =>
      index >= other.length ||
      name === other[index] ||
      (index === 1 && one[0] === 'events' && (name === ANY_EVENT || other[index] === ANY_EVENT)),
  );

function unquoted(text: string | undefined): string | undefined {
  try {
    return JSON.parse(text ?? '') as string;
  } catch {
    return undefined;
  }
}
