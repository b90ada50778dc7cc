import type { AccountLeaf, ImportedLeaf } from './definition';
import { readTests } from './parse-test';
import { at, type Mistakes, readObject } from './reader';

/** {where?}. */
export function readAccount(value: unknown, pointer: string, mistakes: Mistakes): AccountLeaf | undefined {
  const source = readObject(value, pointer, ['where'], mistakes);
  const where = source && readTests(source.where, at(pointer, 'where'), mistakes);
  return where && { kind: 'account', where };
}

/** true. */
export function readImported(value: unknown, pointer: string, mistakes: Mistakes): ImportedLeaf | undefined {
  if (value === true) return { kind: 'imported' };
  return mistakes.add(pointer, 'choice', 'must be true; for those who are not on the list use not');
}
