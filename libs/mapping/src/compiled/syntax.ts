/** A node of JSONata's syntax tree, as `Expression.ast()` gives it; which of the fields there are depends on its type. */
export interface Node {
  type: string;
  value?: unknown;
  position?: number;
  keepArray?: boolean;
  /** Filters of a node that is no path, in order. */
  predicate?: Stage[];
  /** Filters of a step of a path, in order. */
  stages?: Stage[];
  group?: { lhs: [Node, Node][] };
  steps?: Node[];
  expressions?: Node[];
  arguments?: Node[];
  procedure?: Node;
  body?: Node;
  condition?: Node;
  then?: Node;
  else?: Node;
  expression?: Node;
  terms?: { descending: boolean; expression: Node }[];
  pattern?: Node;
  update?: Node;
  delete?: Node;
  lhs?: unknown;
  rhs?: unknown;
  consarray?: boolean;
  keepSingletonArray?: boolean;
  thunk?: boolean;
  signature?: unknown;
  tuple?: boolean;
}

export interface Stage {
  type: string;
  expr: Node;
}

/** What the compiler leaves to stock JSONata; `message` says why. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export function refuse(why: string): never {
  throw new Refused(why);
}

/** Calls `visit` for every node below and including `root`; it says whether to go into a node. */
export function walk(root: unknown, visit: (node: Node) => boolean): void {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (node === null || typeof node !== 'object' || node instanceof RegExp) continue;
    if (Array.isArray(node)) {
      waiting.push(...(node as unknown[]));
      continue;
    }
    if (typeof (node as Node).type === 'string' && !visit(node as Node)) continue;
    waiting.push(...Object.values(node));
  }
}
