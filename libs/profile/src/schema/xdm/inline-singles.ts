import { isObject, Json } from './json';

/**
 * Put what is referred to once in the place of the reference, as most classes and field groups are: it counts once, and
 * its rules have short names.
 * @param references the objects that refer, with the name they refer to
 * @returns what is left to refer to
 */
export function inlineSingles(
  body: Json,
  defs: Readonly<Record<string, Json | boolean>>,
  references: ReadonlyMap<object, string>,
  origins: Map<object, string>,
): Record<string, Json | boolean> {
  const users = new Map<string, Json[]>();
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const name = references.get(value);
    if (name === undefined) return Object.values(value).forEach(visit);
    const known = users.get(name);
    users.set(name, [...(known ?? []), value as Json]);
    if (!known) visit(defs[name]);
  };
  visit(body);
  const left: Record<string, Json | boolean> = {};
  // The last first: what stands in a place may itself be such a reference.
  for (const [name, [user, ...others]] of [...users].reverse()) {
    const target = defs[name]!;
    if (others.length > 0 || !isObject(target)) {
      left[name] = target;
      continue;
    }
    delete user!.$ref;
    Object.assign(user!, target);
    origins.set(user!, origins.get(target) ?? '');
  }
  return left;
}
