import type {
  AccountLeaf,
  AccountMemberLeaf,
  Condition,
  ImportedLeaf,
  WrittenPersonLeaf,
} from './definition';
import { readTests } from './parse-test';
import { at, type Mistakes, readObject } from './reader';

/** {where?}. */
export function readAccount(value: unknown, pointer: string, mistakes: Mistakes): AccountLeaf | undefined {
  const source = readObject(value, pointer, ['where'], mistakes);
  const where = source && readTests(source.where, at(pointer, 'where'), mistakes);
  return where && { kind: 'account', where };
}

/** {where, account?, others?}; `readWhere` reads the condition on the member. */
export function readAccountMember(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
  readWhere: (value: unknown, pointer: string) => Condition<WrittenPersonLeaf> | undefined,
): AccountMemberLeaf<WrittenPersonLeaf> | undefined {
  const source = readObject(value, pointer, ['where', 'account', 'others'], mistakes);
  if (!source) return undefined;
  const account = readTests(source.account, at(pointer, 'account'), mistakes);
  const { others = false } = source;
  if (typeof others !== 'boolean') mistakes.add(at(pointer, 'others'), 'type', 'must be true or false');
  const where = readWhere(source.where, at(pointer, 'where'));
  return where && account && { kind: 'accountMember', account, others: others === true, where };
}

/** true. */
export function readImported(value: unknown, pointer: string, mistakes: Mistakes): ImportedLeaf | undefined {
  if (value === true) return { kind: 'imported' };
  return mistakes.add(pointer, 'choice', 'must be true; for those who are not on the list use not');
}
