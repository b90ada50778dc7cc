import { emitFilters, type Filters, filtered } from './emit-filter';
import { emitGroup } from './emit-constructor';
import { ANY, KIND, type Value } from './kinds';
import { type Place, quoted } from './place';
import { type Node, refuse } from './syntax';

/**
 * What a path has come to between two steps: nothing, one item, or an array of items. The last step gives a `plain`
 * value where nothing else is made of the path, and otherwise JSONata's `list` of results.
 */
interface Flow {
  code: string;
  /** What it is, for the memo; undefined where it is not known again. */
  key?: string;
  single?: boolean;
  object?: boolean;
  pure?: boolean;
  /** Still the document as a whole: a list is one item. */
  root?: boolean;
  /** Before the first step: what is missing is an item too. */
  first?: boolean;
}

type End = 'between' | 'plain' | 'list';

export function emitPath(node: Node, at: Place): Value {
  const steps = node.steps!;
  const listed = node.keepSingletonArray === true || node.group !== undefined;
  const endOf = (index: number): End => (index < steps.length - 1 ? 'between' : listed ? 'list' : 'plain');
  const output = at.output && !node.group;
  let flow: Flow = { ...at.context, key: `${at.context.root ? 'root ' : ''}${at.context.code}`, first: true };
  let begun = 0;
  let empty: string | undefined;
  const [head] = steps as [Node];
  if (head.tuple) refuse('@, # or %');
  if (head.type === 'variable' && !head.stages && !head.predicate && !head.group) {
    flow = variableFlow(head, at, endOf(0));
    begun = 1;
  } else if (head.consarray) {
    if (head.stages || head.type === 'block' || listed) refuse('an array with trimmings that begins a path');
    const list = at.sibling({ context: { ...at.context, boxed: true }, output: false }).value(head);
    if (steps.length === 1) return list;
    empty = list.code;
    flow = { code: list.code, pure: false };
    begun = 1;
  }
  for (let index = begun; index < steps.length; index++) {
    const step = steps[index]!;
    const end = endOf(index);
    if (step.tuple) refuse('@, # or %');
    flow = isName(step) ? nameStep(flow, step, end, at) : anyStep(flow, step, end, at, output);
  }
  return ended(node, flow, empty, at);
}

function ended(node: Node, flow: Flow, empty: string | undefined, at: Place): Value {
  const value: Value = { code: flow.code, kind: ANY & ~(flow.pure ? KIND.function : 0), pure: flow.pure };
  if (!node.keepSingletonArray && !node.group)
    return empty === undefined
      ? value
      : { ...value, code: at.constant(`${empty}.length === 0 ? ${empty} : ${value.code}`) };
  if (!node.group) return { ...value, code: at.constant(`keepPath(${value.code})`) };
  return emitGroup(node.group.lhs, value, at);
}

const isName = ({ type }: Node): boolean => type === 'name';

/** `$.…`, `$$.…` and `$name.…` go on from the items of the value. */
function variableFlow(head: Node, at: Place, end: End): Flow {
  const { context, program } = at;
  const base = head.value === '' ? context : head.value === '$' ? program.document : undefined;
  if (base?.boxed) refuse('$ in an array that begins a path');
  if (base && end === 'between') return { ...base, root: false, key: base.code };
  const value = at.named(at.value(head));
  const { pure } = value;
  // A name for what does not change is one for what is below it too.
  if (end === 'between' && pure) return { code: value.code, pure, key: value.code };
  if (end === 'between') {
    const key = `flow ${value.code}`;
    const flow =
      at.memo.get(key) ?? at.memo.set(key, { code: at.constant(`flow(${value.code})`), kind: ANY });
    return { code: flow.code, key: flow.code };
  }
  return { code: at.constant(`${end === 'plain' ? 'spill' : 'rawOne'}(${value.code})`), pure };
}

function nameStep(flow: Flow, { value, stages }: Node, end: End, at: Place): Flow {
  const name = String(value);
  const key = flow.key === undefined || stages ? undefined : `${flow.key}.${quoted(name)}`;
  const memoKey = key === undefined ? undefined : `${end} ${key}`;
  const known = memoKey === undefined ? undefined : at.memo.get(memoKey);
  if (known) return { code: known.code, key, pure: flow.pure };
  const filters = stages && emitFilters(stages, flow.pure, at);
  const code = at.constant(nameCode(flow, name, end, filters));
  if (memoKey !== undefined) at.memo.set(memoKey, { code, kind: ANY });
  return { code, key, pure: flow.pure };
}

function nameCode(
  { code, single, object, pure, root, first }: Flow,
  name: string,
  end: End,
  filters?: Filters,
): string {
  const own = ownCode(code, name);
  const one = filters ? ofOne(filters(pure ? own : `norm(${own})`), end, false) : ofOne(own, end, pure);
  if (object) return one;
  const named = `nameOf(${code}, ${quoted(name)})`;
  const several = filters
    ? manyCode(code, `(item) => ${filters(`nameOf(item, ${quoted(name)})`)}`, end)
    : namesCode(code, name, end);
  const many = root ? ofOne(filters ? filters(named) : named, end, false) : several;
  const item = single ? one : `(Array.isArray(${code}) ? ${many} : ${one})`;
  // A test may let pass even what is missing, where there is an item that lacks it.
  const lacking = filters ? ofOne(filters('undefined'), end, false) : 'undefined';
  const other = filters && !first ? `${code} === undefined ? undefined : ${lacking}` : lacking;
  return `typeof ${code} === "object" && ${code} !== null ? ${item} : ${other}`;
}

/** Names that every object has are looked up with care. */
const ownCode = (code: string, name: string): string =>
  name in Object.prototype ? `own(${code}, ${quoted(name)})` : `${code}[${quoted(name)}]`;

function ofOne(result: string, end: End, pure: boolean | undefined): string {
  if (end === 'list') return `rawOne(${result})`;
  if (pure) return result;
  return `${end === 'plain' ? 'spill' : 'flow'}(${result})`;
}

function namesCode(code: string, name: string, end: End): string {
  const function_ = end === 'list' ? 'rawNames' : end === 'plain' ? 'last' : 'step';
  return `${function_}(${code}, ${quoted(name)})`;
}

/** A step that is evaluated with each item as its context. */
function anyStep(flow: Flow, step: Node, end: End, at: Place, output: boolean): Flow {
  if (step.type === 'sort') return sortStep(flow, step, end, at);
  const inner = output && end !== 'between' && !step.stages;
  let result: Value = { code: '', kind: ANY };
  // The context of a first step may be the document; a variable's items are looked at one by one only afterwards.
  if (flow.first && (flow.root || flow.single || step.type === 'variable')) {
    const place = at.sibling({ output: inner });
    result = at.named(stepValue(step, place));
    return {
      code: at.constant(ofOne(result.code, end, result.pure && !step.stages && !result.loose)),
      pure: result.pure,
    };
  }
  const { code } = at.closure({ pure: flow.pure }, (one) => (result = stepValue(step, one)), inner);
  const one = ofOne(`${code}(${flow.code})`, end, false);
  const many = manyCode(flow.code, code, end);
  const absent = flow.first ? '' : `${flow.code} === undefined ? undefined : `;
  const all = flow.single ? one : `Array.isArray(${flow.code}) ? ${many} : ${one}`;
  return { code: at.constant(absent + all), pure: result.pure };
}

function manyCode(list: string, step: string, end: End): string {
  if (end === 'between') return `stepMany(${list}, ${step})`;
  return end === 'plain' ? `norm(rawMany(${list}, ${step}))` : `rawMany(${list}, ${step})`;
}

/** What a step gives for one item; it may be loose, which the step's results do not mind. */
function stepValue({ stages, ...step }: Node, at: Place): Value {
  const value = at.value(step, at.output);
  if (value.tail) refuse('a call at the end of a function in a path');
  return stages ? filtered(value, stages, at) : value;
}

function sortStep(flow: Flow, step: Node, end: End, at: Place): Flow {
  const { pure } = flow;
  const terms = step.terms!.map(
    ({ expression, descending }) =>
      `[${at.closure({ pure }, (inner) => inner.value(expression)).code}, ${String(descending)}]`,
  );
  let value: Value = {
    code: at.constant(`sorted(${flow.code}, [${terms.join(', ')}])`),
    kind: ANY,
    loose: true,
    pure,
  };
  if (step.stages) value = filtered(value, step.stages, at);
  if (end === 'between') return { code: at.named(value).code, pure };
  return { code: at.constant(end === 'plain' ? `norm(${value.code})` : `listed(${value.code})`), pure };
}
