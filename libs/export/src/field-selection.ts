import { Problem } from '@percorso/kernel';
import type { ProfileDocument } from '@percorso/profile';

/** One column: its name as asked for, and how it is read. */
export interface Field {
  name: string;
  read: (document: ProfileDocument) => unknown;
}

const MOST_FIELDS = 100;

/** The fields of a comma list, in its order. @throws Problem 422 for what no profile has. */
export function selectFields(list: string | undefined): Field[] {
  const names = (list ?? '').split(',').filter((name) => name !== '');
  if (names.length > MOST_FIELDS) throw wrong(`At most ${MOST_FIELDS} fields can be asked for.`);
  if (new Set(names).size < names.length) throw wrong('A field is asked for twice.');
  return names.map((name) => ({ name, read: readerOf(name) }));
}

function readerOf(name: string): Field['read'] {
  const [root, ...path] = name.split('.');
  const [first = '', ...more] = path;
  if (path.includes('')) throw wrong(`${JSON.stringify(name)} is not a field of a profile.`);
  if (root === 'traits' && first !== '') return (document) => valueAt(document.traits, path);
  if (more.length === 0) {
    if (root === 'identities' && first !== '') return ({ identities }) => own(identities, first)?.[0];
    if (root === 'consent' && first !== '') return ({ consent }) => own(consent, first)?.['*'];
    if (first === '' && root === 'groups') return (document) => document.groups;
    if (first === '' && (root === 'firstSeen' || root === 'lastSeen')) return (document) => document[root];
  }
  throw wrong(`${JSON.stringify(name)} is not a field of a profile.`);
}

function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function valueAt(traits: Record<string, unknown>, path: readonly string[]): unknown {
  let value: unknown = traits;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    value = own(value as Record<string, unknown>, key);
  }
  return value;
}

const wrong = (message: string): Problem => Problem.invalid([{ pointer: 'fields', code: 'fields', message }]);
