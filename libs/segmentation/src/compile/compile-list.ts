import type { ListLeaf } from '../definition/definition';
import type { CompiledSet } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import { PERSON } from './people';

export function compileList({ audience }: ListLeaf, { parameters, workspaceId }: CompileScope): CompiledSet {
  const persons =
    `SELECT ${PERSON} AS person FROM percorso.audience_list FINAL WHERE workspace_id = ${parameters.uuid(workspaceId)} ` +
    `AND audience_id = ${parameters.uuid(audience)} AND deleted = 0`;
  return { persons, complement: false };
}
