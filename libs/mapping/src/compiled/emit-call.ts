import { takesContext } from '../context-functions';
import { DIRECT } from './direct';
import { Frame } from './frames';
import { ANY, KIND, type Value, isOnly, mayBe } from './kinds';
import type { Place } from './place';
import { type Node, refuse } from './syntax';

interface CallOptions {
  /** What `~>` hands over before the arguments written down. */
  before?: Value;
  /** It is the last thing a function does. */
  tail?: boolean;
}

const RETURNS: Value = { code: '', kind: ANY, loose: true };

export function emitCall(node: Node, at: Place, options: CallOptions = {}): Value {
  const procedure = node.procedure!;
  const nodes = node.arguments ?? [];
  if (
    procedure.type === 'variable' &&
    procedure.value !== '' &&
    procedure.value !== '$' &&
    !procedure.predicate
  ) {
    const name = String(procedure.value);
    if (!at.frame.knows(name)) {
      if (!at.program.isNative(name)) refuse(`a call of $${name}, which there is not`);
      return emitNative(name, nodes, at, options);
    }
    const lambda = at.frame.lambda(name);
    if (lambda !== undefined) {
      const values = emitArguments(nodes, at, options);
      return { ...RETURNS, code: at.constant(`${lambda}(${codes(values)})`) };
    }
  }
  if (procedure.type === 'path') refuse('a call of what is not a variable');
  const called = at.named(at.value(procedure));
  const values = emitArguments(nodes, at, options);
  // What is called last sees the context of whoever called the function, which is not known here.
  const code = options.tail
    ? `tailCall(${called.code}, [${codes(values)}])`
    : `call(${called.code}, [${codes(values)}], ${contextCode(at)})`;
  return { ...RETURNS, code: at.constant(code) };
}

const codes = (values: readonly Value[]): string => values.map(({ code }) => code).join(', ');

/** What JSONata's own functions see as the context: a document that is a list is in a list of its own. */
function contextCode({ context }: Place): string {
  if (context.boxed) refuse('a call in an array that begins a path');
  return context.root && !context.single ? `boxed(${context.code})` : context.code;
}

function emitArguments(nodes: readonly Node[], at: Place, { before, tail }: CallOptions): Value[] {
  const wrap = tail ? 'tailArgument' : 'argument';
  const handed = (value: Value): Value =>
    at.program.passesNatives && mayBe(value, KIND.function)
      ? { ...value, code: at.constant(`${wrap}(${value.code})`) }
      : at.named(value);
  const values = nodes.map((node) => handed(at.value(node)));
  if (!before) return values;
  // What `~>` hands over is not made fit for others to call.
  const first =
    at.program.passesNatives && mayBe(before, KIND.function) ? `tailArgument(${before.code})` : before.code;
  return [{ ...before, code: first }, ...values];
}

function emitNative(name: string, nodes: readonly Node[], at: Place, options: CallOptions): Value {
  if (name === 'error') refuse('$error');
  const values = emitNativeArguments(name, nodes, at, options);
  if (name === 'sort' && options.tail && values.length > 1)
    return { ...RETURNS, code: at.constant(`${at.program.direct('sortAtEnd')}(${codes(values)})`) };
  const known = DIRECT[name];
  const taken = takesContext(name, values.length);
  if (known?.arities.includes(values.length)) {
    const result: Value = { ...RETURNS, kind: known.kind, loose: known.loose, pure: known.pure };
    const code = `${at.program.direct(name)}(${codes(values)})`;
    if (taken === 'nothing') return { ...result, code: at.constant(code) };
    const given = known.given?.[values.length];
    if (given) {
      const tests = values.map((value, index) => testCode(value, given[index]!, index === 0));
      return {
        ...RETURNS,
        code: at.constant(
          `${tests.join(' && ')} ? ${code} : ${options.tail ? 'bail()' : nativeCode(name, values, at)}`,
        ),
      };
    }
  }
  if (taken !== 'nothing' && options.tail)
    refuse('a call at the end of a function that may take its context');
  return { ...RETURNS, code: at.constant(nativeCode(name, values, at)) };
}

function nativeCode(name: string, values: readonly Value[], at: Place): string {
  const context = takesContext(name, values.length) === 'nothing' ? 'undefined' : contextCode(at);
  return `callNative(${at.program.native(name, 'function')}, [${codes(values)}], ${context})`;
}

function testCode({ code }: Value, type: 'text' | 'number' | 'pattern' | 'function', first: boolean): string {
  const isType = (of: string): string => `typeof ${code} === "${of}"`;
  const test =
    type === 'pattern'
      ? `${isType('string')} || ${isType('function')}`
      : isType(type === 'text' ? 'string' : type);
  return `(${test}${first ? ` || ${code} === undefined` : ''})`;
}

/** Those that call a function with an item of their first argument. */
const CALLED_WITH_ITEM = new Set(['map', 'filter', 'single']);

/** What a function written out as an argument gives may be output itself; and what it is given may be known. */
function emitNativeArguments(name: string, nodes: readonly Node[], at: Place, options: CallOptions): Value[] {
  const written = nodes.length === 2 ? nodes[1]! : undefined;
  if (written?.type !== 'lambda' || options.before || !CALLED_WITH_ITEM.has(name))
    return emitArguments(nodes, at, options);
  const [items] = emitArguments(nodes.slice(0, 1), at, options) as [Value];
  const item = items.pure ? { kind: ANY, pure: true } : undefined;
  return [items, emitLambda(written, at, { output: at.output && name === 'map', item })];
}

interface LambdaOptions {
  /** What it gives is output. */
  output?: boolean;
  /** What is known of its first argument. */
  item?: Omit<Value, 'code'>;
}

/** `function($a, $b){ … }` */
export function emitLambda(node: Node, at: Place, { output = false, item }: LambdaOptions = {}): Value {
  const { program } = at;
  if (node.signature && typeof (node.signature as { validate?: unknown }).validate !== 'function')
    refuse('a signature on the left of ?? or ?:');
  const frame = new Frame(at.frame, (name) => program.isNative(name));
  const parameters = (node.arguments ?? []).map((argument, index) => {
    const code = program.name();
    frame.parameter(String(argument.value), code, index === 0 ? item : undefined);
    return code;
  });
  const body = node.body!;
  const inner = at.inner({ frame, output });
  inner.lines.push('spend(1);', ...frame.declare([body], () => program.name()));
  const value = inner.value(body, output);
  const code = `(${parameters.join(', ')}) => {${inner.lines.join('\n')}\nreturn ${value.code};}`;
  const signed = node.signature ? `signed(${code}, ${program.given(node.signature)})` : code;
  return { code: at.function(signed), kind: KIND.function };
}

/** `value ~> function` */
export function emitChain(node: Node, at: Place): Value {
  const before = at.named(at.value(node.lhs as Node));
  const rhs = node.rhs as Node;
  if (rhs.type === 'function') {
    if (rhs.predicate || rhs.group) refuse('a filter behind a call that ~> hands something to');
    return emitCall(rhs, at, { before });
  }
  const then = at.named(at.value(rhs));
  if (isOnly(then, ~KIND.function)) refuse('~> with no function behind it');
  const called = `call(${then.code}, [${before.code}], null)`;
  if (isOnly(before, ~KIND.function)) return { ...RETURNS, code: at.constant(called) };
  const chain = `chained(${before.code}, ${then.code}, norm)`;
  return { ...RETURNS, code: at.constant(`typeof ${before.code} === "function" ? ${chain} : ${called}`) };
}
