import type { AccountLeaf } from '../definition/definition';
import type { CompiledSet } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import { compileTest } from './compile-test';

export function compileAccount({ where }: AccountLeaf, scope: CompileScope): CompiledSet {
  const { parameters, workspaceId, now } = scope;
  const workspace = `workspace_id = ${parameters.uuid(workspaceId)}`;
  const tests = where.map((test) => compileTest(test, parameters, now));
  const accounts = `SELECT id FROM percorso.account FINAL WHERE ${[workspace, ...tests].join(' AND ')}`;
  return {
    persons: `SELECT person FROM (${memberships(workspace)}) WHERE account IN (${accounts})`,
    complement: false,
  };
}

/** Rows person, account: who belongs to what. */
export const memberships = (workspace: string): string =>
  `SELECT person, arrayJoin(groups) AS account FROM percorso.profile FINAL WHERE ${workspace} AND deleted = 0`;
