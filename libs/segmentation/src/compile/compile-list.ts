import type { ListLeaf } from '../definition/definition';
import type { CompiledSet } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';

export function compileList({ audience }: ListLeaf, { parameters, workspaceId }: CompileScope): CompiledSet {
  const workspace = `workspace_id = ${parameters.uuid(workspaceId)}`;
  const nodes =
    `SELECT node FROM percorso.audience_list FINAL ` +
    `WHERE ${workspace} AND audience_id = ${parameters.uuid(audience)} AND deleted = 0`;
  return {
    persons: `SELECT DISTINCT person FROM percorso.node_person FINAL WHERE ${workspace} AND node IN (${nodes})`,
    complement: false,
  };
}
