import type { Test } from '../definition/definition';
import type { CompileScope } from './compile-scope';
import { compileTest } from './compile-test';

/** A test that may be of a looked-up item, as a boolean expression over percorso.event or percorso.profile. */
export function compileJoinedTest(test: Test, scope: CompileScope): string {
  const { parameters, now, workspaceId } = scope;
  if (!test.lookup) return compileTest(test, parameters, now);
  const { name, field } = test.lookup;
  // A missing item is a missing value: only what asks for none is passed by the items that are not found.
  const absent = test.op === 'exists' && !test.exists;
  const asked: Test = absent ? { path: field, op: 'exists', exists: true } : { ...test, path: field };
  const items =
    `SELECT key FROM percorso.lookup_item FINAL WHERE workspace_id = ${parameters.uuid(workspaceId)} ` +
    `AND name = ${parameters.text(name)} AND deleted = 0 AND ${compileTest(asked, parameters, now)}`;
  return `${keyAt(parameters.text(test.path))} ${absent ? 'NOT IN' : 'IN'} (${items})`;
}

/** The key that is named; no item has the empty one. */
const keyAt = (path: string): string =>
  `multiIf(mapContains(strings, ${path}), strings[${path}], ` +
  `mapContains(numbers, ${path}), toString(numbers[${path}]), '')`;
