import type { IdentityLeaf, IdentityTest } from '../definition/definition';
import type { CompiledSet } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import type { Parameters } from './parameters';

export function compileIdentity({ namespace, test }: IdentityLeaf, scope: CompileScope): CompiledSet {
  const { parameters, workspaceId } = scope;
  const conditions = [
    `workspace_id = ${parameters.uuid(workspaceId)}`,
    `namespace = ${parameters.text(namespace)}`,
    ...passes(test, parameters),
  ];
  return {
    persons: `SELECT person FROM percorso.node_person FINAL WHERE ${conditions.join(' AND ')}`,
    complement: test.op === 'exists' && !test.exists,
  };
}

function passes(test: IdentityTest, parameters: Parameters): string[] {
  switch (test.op) {
    case 'exists':
      return [];
    case 'in':
      return [`value IN ${parameters.texts(test.texts)}`];
    case 'eq':
      return [`value = ${parameters.text(test.text)}`];
    case 'contains':
      return [`position(value, ${parameters.text(test.text)}) > 0`];
    case 'startsWith':
      return [`startsWith(value, ${parameters.text(test.text)})`];
  }
}
