import { KIND, type Value } from './kinds';
import type { Place } from './place';
import type { Node } from './syntax';

/** `|where|update, delete|`: a function that changes a copy of what it is given. */
export function emitTransform(node: Node, at: Place): Value {
  const parts = [node.pattern, node.update, node.delete].map((part) =>
    part ? at.closure({}, (inner) => inner.value(part)).code : 'undefined',
  );
  return { code: at.constant(`transform(${parts.join(', ')})`), kind: KIND.function };
}
