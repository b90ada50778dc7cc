import jsonata from 'jsonata';
import { BUILT_INS } from '../../context-functions';
import { each, keep, map, reduce, sift, single, sort } from './callbacks';
import { contains, match, replace, split } from './matching';
import type { Focus, Implementation, Native, NativeValue } from './native';
import { isSequence, sequence } from './sequences';
import { bail, MAX_SEQUENCE, rowTime, spend } from './signals';

export type Natives = ReadonlyMap<string, Native>;

/** What JSONata's functions see as `this`. */
export const FOCUS: Focus = {
  createSequence: (...items) => sequence(items),
  options: { sequence: MAX_SEQUENCE },
  environment: {
    get timestamp() {
      return new Date(rowTime());
    },
  },
};

/** Those that stock JSONata runs asynchronously. */
const OWN = { map, filter: keep, single, reduce, each, sift, sort, contains, match, replace, split };

let loading: Promise<Natives> | undefined;

/** Stock JSONata's built-ins, asked of it once. */
export function loadNatives(): Promise<Natives> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Natives> {
  const found = new Map<string, Native>();
  const asked = jsonata('$ask()');
  asked.registerFunction('ask', function () {
    for (const name of BUILT_INS) {
      const { implementation, signature } = this.environment.lookup(name) as {
        implementation: Implementation;
        signature: Pick<Native, 'validate'>;
      };
      found.set(name, {
        name,
        implementation,
        arity: implementation.length,
        validate: (values, context) => signature.validate(values, context),
      });
    }
  });
  await asked.evaluate(undefined);
  const format = found.get('fromMillis')!.implementation;
  const own: Record<string, (...values: unknown[]) => unknown> = {
    ...OWN,
    millis: rowTime,
    now: (...how) => format.call(FOCUS, rowTime(), ...how),
  };
  for (const [name, implementation] of Object.entries(own))
    found.set(name, { ...found.get(name)!, implementation });
  return found;
}

/** Calls a built-in the way JSONata does: with its checks, and the context in the place of what is left out. */
export function callNative(native: Native, values: unknown[], context: unknown): unknown {
  spend(10);
  const result = native.implementation.apply(FOCUS, native.validate(values, context));
  if (isSequence(result) && result.length > MAX_SEQUENCE) bail();
  return result;
}

/** The document as JSONata's own functions see it: a list is in a sequence of its own. */
export const boxed = (document: unknown): unknown =>
  Array.isArray(document) ? Object.assign(sequence([document]), { outerWrapper: true }) : document;

/** Calls a value as a function. */
export function call(callee: unknown, values: unknown[], context: unknown): unknown {
  if (typeof callee !== 'function') bail();
  const { native } = callee as NativeValue;
  return native ? callNative(native, values, context) : (callee as (...all: unknown[]) => unknown)(...values);
}

/** The last call of a function: a built-in would take the context of its caller. */
export const tailCall = (callee: unknown, values: unknown[]): unknown =>
  call(tailArgument(callee), values, undefined);

/** A built-in as a value of the expression. */
export function asValue(native: Native): NativeValue {
  const value: NativeValue = (...values) => callNative(native, values, null);
  value.native = native;
  value.arity = native.arity;
  return value;
}

const given = new WeakMap<NativeValue, NativeValue>();

/** A function written out with a signature: its arguments are checked as a built-in's are. */
export function signed(
  written: (...values: unknown[]) => unknown,
  signature: Pick<Native, 'validate'>,
): NativeValue {
  return asValue({
    name: 'function',
    implementation: written,
    arity: written.length,
    validate: (values, context) => signature.validate(values, context),
  });
}

/** As an argument a function loses the context of those who call it. */
export function argument(value: unknown): unknown {
  if (typeof value !== 'function' || !(value as NativeValue).native) return value;
  const known = given.get(value as NativeValue);
  if (known) return known;
  const closed: NativeValue = (...values) => (value as NativeValue)(...values);
  closed.arity = (value as NativeValue).arity;
  given.set(value as NativeValue, closed);
  return closed;
}

/** Stock code gives a built-in that is passed on by a function's last call in a form that others cannot call. */
export function tailArgument(value: unknown): unknown {
  return typeof value === 'function' && (value as NativeValue).native ? bail() : value;
}

/** `f ~> g` */
export const chained =
  (first: unknown, then: unknown, norm: (value: unknown) => unknown) =>
  (value: unknown): unknown =>
    call(then, [norm(call(first, [argument(value)], null))], null);
