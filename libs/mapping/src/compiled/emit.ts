import { emitCall, emitChain, emitLambda } from './emit-call';
import { emitArray, emitGroup, emitObject } from './emit-constructor';
import { emitBinary, emitNegation } from './emit-operator';
import { emitPath } from './emit-path';
import { filtered } from './emit-filter';
import { emitTransform } from './emit-transform';
import { ANY, KIND, MISSING, type Value, mayBe, truthCode } from './kinds';
import { type Place, quoted } from './place';
import { type Node, refuse } from './syntax';
import { Frame } from './frames';

/** Generates the code of a node: what JSONata evaluates it to, with a sequence of one taken for its item. */
export function emit(node: Node, at: Place): Value {
  if (node.tuple) refuse('@, # or %');
  const trimmed = node.predicate !== undefined || (node.group !== undefined && node.type !== 'path');
  let value = emitBare(node, trimmed && at.output ? at.sibling({ output: false }) : at);
  if (at.program.passesSequences && PASSED_ON.has(node.type) && !value.tail && !value.pure)
    value = { ...value, loose: true };
  if (value.tail) return trimmed ? refuse('a filter behind the last call of a function') : value;
  if (node.predicate) value = filtered(value, node.predicate, at);
  if (node.group && node.type !== 'path') value = emitGroup(node.group.lhs, value, at);
  return finished(value, node.keepArray === true);
}

function finished(value: Value, keepArray: boolean): Value {
  if (!value.loose || !mayBe(value, KIND.list)) return value;
  return { ...value, loose: false, code: `${keepArray ? 'kept' : 'norm'}(${value.code})`, pure: value.pure };
}

/** Nodes that give what others have given, and look at it again. */
const PASSED_ON = new Set(['variable', 'block', 'condition', 'bind']);

function emitBare(node: Node, at: Place): Value {
  switch (node.type) {
    case 'path':
      return emitPath(node, at);
    case 'string':
      return { code: quoted(String(node.value)), kind: KIND.text, pure: true };
    case 'number':
      return { code: numberCode(Number(node.value)), kind: KIND.number, pure: true };
    case 'value':
      return node.value === null
        ? { code: 'null', kind: KIND.null, pure: true }
        : { code: node.value === true ? 'true' : 'false', kind: KIND.boolean, pure: true };
    case 'variable':
      return emitVariable(node, at);
    case 'binary':
      return emitBinary(node, at);
    case 'unary':
      if (node.value === '-') return emitNegation(node, at);
      return node.value === '[' ? emitArray(node, at) : emitObject(node, at);
    case 'condition':
      return emitCondition(node, at);
    case 'block':
      return emitBlock(node, at);
    case 'bind':
      return emitBind(node, at);
    case 'function':
      return emitCall(node, at);
    case 'lambda':
      return node.thunk ? { ...emitCall(node.body!, at, { tail: true }), tail: true } : emitLambda(node, at);
    case 'apply':
      return emitChain(node, at);
    case 'wildcard':
    case 'descendant':
      if (at.context.boxed) refuse('a wildcard in an array that begins a path');
      return {
        code: `${node.type === 'wildcard' ? 'wildcard' : 'descendants'}(${at.context.code})`,
        kind: ANY,
        pure: at.context.pure,
      };
    case 'regex':
      // The parser doubles what is left of ?? and ?:, and breaks a pattern in it.
      if (!(node.value instanceof RegExp)) refuse('a regular expression on the left of ?? or ?:');
      return { code: `matcher(${at.program.given(node.value)})`, kind: KIND.function };
    case 'transform':
      return emitTransform(node, at);
    default:
      return refuse(`a node of type ${node.type}`);
  }
}

function numberCode(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return value < 0 ? `(${String(value)})` : String(value);
}

function emitVariable(node: Node, at: Place): Value {
  const name = String(node.value);
  if (name === '') {
    const { code, single, pure } = at.context;
    return { code, kind: ANY, loose: !single && !pure, pure };
  }
  if (name === '$') return { code: at.program.document.code, kind: ANY, pure: true };
  const native = at.program.isNative(name) ? at.program.native(name, 'value') : 'undefined';
  const bound = at.frame.reference(name, native);
  if (!bound) return native === 'undefined' ? MISSING : { code: native, kind: KIND.function };
  if (!bound.stable) return { ...bound, code: at.constant(bound.code) };
  if (!bound.loose) return bound;
  // What a parameter stands for is the same each time.
  const key = `norm ${bound.code}`;
  const value = { ...bound, loose: false };
  return at.memo.get(key) ?? at.memo.set(key, { ...value, code: at.constant(`norm(${bound.code})`) });
}

/** `test ? then : else`, and what is short for it: `??` and `?:` have their left side in it twice. */
function emitCondition(node: Node, at: Place): Value {
  const { condition, then, else: otherwise } = node as Required<Node>;
  const short = shortForm(condition, then);
  if (short) {
    const value = at.named(at.value(then));
    if (value.tail) refuse('a call as the left side of ?? at the end of a function');
    const test = short === 'exists' ? `${value.code} !== undefined` : truthCode(value);
    return either(at, test, { lines: [], value }, branch(otherwise, at));
  }
  const test = truthCode(at.value(condition));
  return either(at, test, branch(then, at), branch(otherwise, at));
}

interface Branch {
  lines: string[];
  value: Value;
}

function branch(node: Node | undefined, at: Place): Branch {
  if (!node) return { lines: [], value: MISSING };
  const inner = at.inner();
  const value = inner.value(node, at.output);
  return { lines: inner.lines, value };
}

function either(at: Place, test: string, then: Branch, otherwise: Branch): Value {
  const value: Value = {
    code: '',
    kind: then.value.kind | otherwise.value.kind,
    loose: then.value.loose || otherwise.value.loose,
    tail: then.value.tail || otherwise.value.tail,
    pure: then.value.pure && otherwise.value.pure,
  };
  if (then.lines.length + otherwise.lines.length === 0)
    return { ...value, code: `(${test} ? ${then.value.code} : ${otherwise.value.code})` };
  const name = at.program.name();
  const part = ({ lines, value: one }: Branch): string => `{${lines.join('\n')}\n${name} = ${one.code};}`;
  at.lines.push(`let ${name}; if (${test}) ${part(then)} else ${part(otherwise)}`);
  return { ...value, code: name };
}

function shortForm(condition: Node, then: Node): 'exists' | 'truth' | undefined {
  if (isBrokenByCopies(then)) return undefined;
  const text = JSON.stringify(then);
  if (JSON.stringify(condition) === text) return 'truth';
  const { type, procedure, arguments: given } = condition;
  const isExists =
    type === 'function' &&
    procedure?.value === 'exists' &&
    procedure.position === undefined &&
    given?.length === 1;
  return isExists && JSON.stringify(given[0]) === text ? 'exists' : undefined;
}

/** Patterns, and signatures of functions: the parser copies what is left of ?? and ?: as JSON. */
function isBrokenByCopies(node: unknown): boolean {
  if (node instanceof RegExp || typeof node === 'function') return true;
  return typeof node === 'object' && node !== null && Object.values(node).some(isBrokenByCopies);
}

function emitBlock(node: Node, at: Place): Value {
  const nodes = node.expressions ?? [];
  const frame = new Frame(at.frame, (name) => at.program.isNative(name));
  const inner = at.sibling({ frame });
  inner.lines.push(...frame.declare(nodes, () => at.program.name()));
  let value: Value = MISSING;
  for (const [index, one] of nodes.entries()) {
    value = inner.value(one, at.output && index === nodes.length - 1);
    if (one.type === 'bind' && !one.predicate && !one.group)
      frame.settle(String((one.lhs as Node).value), value);
    // What fails must fail, even where nothing is made of it.
    if (index < nodes.length - 1) inner.named(value);
  }
  return value;
}

function emitBind(node: Node, at: Place): Value {
  const value = at.named(at.value(node.rhs as Node));
  const code = at.frame.codeOf(String((node.lhs as Node).value));
  at.lines.push(`${code} = ${value.code};`);
  return { ...value, code: value.kind === KIND.function ? code : value.code };
}
