import type { AccountLeaf } from './definition';
import { readTests } from './parse-test';
import { at, type Mistakes, readObject } from './reader';

/** {where?}. */
export function readAccount(value: unknown, pointer: string, mistakes: Mistakes): AccountLeaf | undefined {
  const source = readObject(value, pointer, ['where'], mistakes);
  const where = source && readTests(source.where, at(pointer, 'where'), mistakes);
  return where && { kind: 'account', where };
}
