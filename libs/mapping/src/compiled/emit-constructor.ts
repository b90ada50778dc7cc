import { binds } from './frames';
import { KIND, type Value, isOnly } from './kinds';
import { type Place, quoted } from './place';
import { type Node, refuse } from './syntax';

/** `[…]` */
export function emitArray(node: Node, at: Place): Value {
  const nodes = node.expressions ?? [];
  // Stock code evaluates the items side by side.
  if (nodes.some(binds)) refuse('a binding among the items of an array');
  const items = nodes.map((item) => ({
    // A list written out is an item; any other is items.
    whole: item.type === 'unary' && item.value === '[',
    value: at.named(at.value(item, at.output)),
  }));
  const simple = items.every(({ whole, value }) => whole || isOnly(value, ~(KIND.list | KIND.missing)));
  const kind = KIND.list;
  if (simple && items.length > 0) {
    const code = at.constant(`[${items.map(({ value }) => value.code).join(', ')}]`);
    return { code: node.consarray ? `cons(${code})` : code, kind };
  }
  const list = at.constant('[]');
  for (const { whole, value } of items)
    at.lines.push(whole ? `${list}.push(${value.code});` : `extend(${list}, ${value.code});`);
  return { code: node.consarray ? `cons(${list})` : list, kind };
}

/** `{…}`: over the items of the context where that is a list. */
export function emitObject(node: Node, at: Place): Value {
  const pairs = node.lhs as [Node, Node][];
  refuseBindings(pairs);
  const { context } = at;
  const names = literalNames(pairs);
  if (!names) return groupOf(pairs, context.code, context.pure, at);
  const result: Value = { code: '', kind: KIND.object };
  // The document is one item; in the object it is a context like any other.
  if (context.single || context.root)
    return { ...result, code: literal(names, pairs, at.sibling({ context: { ...context, root: false } })) };
  const name = at.program.name();
  const one = at.inner({ context: { ...context, single: true } });
  const code = literal(names, pairs, one);
  const many = at.inner();
  const grouped = groupOf(pairs, context.code, context.pure, many);
  at.lines.push(
    `let ${name}; if (!Array.isArray(${context.code})) {${one.lines.join('\n')}\n${name} = ${code};}` +
      ` else {${many.lines.join('\n')}\n${name} = ${grouped.code};}`,
  );
  return { ...result, code: name };
}

/** `…{key: value}` behind a value. */
export function emitGroup(pairs: [Node, Node][], value: Value, at: Place): Value {
  refuseBindings(pairs);
  return groupOf(pairs, at.named(value).code, value.pure, at);
}

function groupOf(pairs: [Node, Node][], code: string, pure: boolean | undefined, at: Place): Value {
  const functions = pairs.map((pair) =>
    pair.map(
      (part, index) => at.closure({ pure }, (inner) => inner.value(part, at.output && index === 1)).code,
    ),
  );
  const listed = functions.map((pair) => `[${pair.join(', ')}]`).join(', ');
  return { code: at.constant(`group(${code}, [${listed}])`), kind: KIND.object };
}

function literalNames(pairs: [Node, Node][]): string[] | undefined {
  if (!pairs.every(([{ type, predicate, group }]) => type === 'string' && !predicate && !group))
    return undefined;
  const names = pairs.map(([{ value }]) => String(value));
  if (new Set(names).size < names.length) refuse('a key that is there twice');
  if (names.some((name) => name === '_jsonata_lambda' || name === '_jsonata_function'))
    refuse('a reserved key');
  return names.includes('__proto__') ? undefined : names;
}

function literal(names: string[], pairs: [Node, Node][], at: Place): string {
  const values = pairs.map(([, node]) => at.named(at.value(node, at.output)));
  // Written out, a key without a value is the same as no key.
  if (at.output || values.every((value) => isOnly(value, ~KIND.missing)))
    return at.constant(
      `{${values.map(({ code }, index) => `${quoted(names[index]!)}: ${code}`).join(', ')}}`,
    );
  const target = at.constant('{}');
  for (const [index, { code }] of values.entries())
    at.lines.push(`if (${code} !== undefined) ${target}[${quoted(names[index]!)}] = ${code};`);
  return target;
}

function refuseBindings(pairs: [Node, Node][]): void {
  if (pairs.some(([key, value]) => binds(key) || binds(value)))
    refuse('a binding among the fields of an object');
}
