import type { AccountLeaf, Test } from '../definition/definition';
import type { CompiledSet } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import { compileTest } from './compile-test';

export function compileAccount({ where }: AccountLeaf, scope: CompileScope): CompiledSet {
  const belongs = memberships(`workspace_id = ${scope.parameters.uuid(scope.workspaceId)}`);
  return {
    persons: `SELECT person FROM (${belongs}) WHERE account IN (${accountsPassing(where, scope)})`,
    complement: false,
  };
}

/** A query of account and members, all of its persons, of the accounts that pass all tests. */
export function compileMembers(where: readonly Test[], scope: CompileScope): string {
  const belongs = memberships(`workspace_id = ${scope.parameters.uuid(scope.workspaceId)}`);
  const passing = where.length > 0 ? ` WHERE account IN (${accountsPassing(where, scope)})` : '';
  return `SELECT account, groupUniqArray(person) AS members FROM (${belongs})${passing} GROUP BY account`;
}

/** A query of the ids of accounts that pass all tests. */
function accountsPassing(where: readonly Test[], scope: CompileScope): string {
  const { parameters, workspaceId, now } = scope;
  const tests = where.map((test) => compileTest(test, parameters, now));
  const conditions = [`workspace_id = ${parameters.uuid(workspaceId)}`, ...tests];
  return `SELECT id FROM percorso.account FINAL WHERE ${conditions.join(' AND ')}`;
}

/** Rows person, account: who belongs to what. */
export const memberships = (workspace: string): string =>
  `SELECT person, arrayJoin(groups) AS account FROM percorso.profile FINAL WHERE ${workspace} AND deleted = 0`;
