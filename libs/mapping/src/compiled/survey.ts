import { DIRECT } from './direct';
import { KIND } from './kinds';
import { type Node, refuse, walk } from './syntax';

// What is to be known of a whole expression before its parts are looked at.

type IsNative = (name: string) => boolean;

const TAKING_FUNCTIONS = new Set(
  'map filter single reduce each sift sort contains match split replace'.split(' '),
);
const CHANCE = new Set<unknown>(['random', 'shuffle']);

const isNativeCall = ({ type, procedure }: Node, names: ReadonlySet<string>): boolean =>
  type === 'function' && procedure?.type === 'variable' && names.has(String(procedure.value));

/**
 * Stock code evaluates the fields of an object side by side, so which of them draws first from $random is its own
 * affair: one place that draws, at most once for each document, is the same in any order.
 */
export function refuseChance(root: Node): void {
  let draws = 0;
  walk(root, (node) => {
    if (node.type === 'variable' && CHANCE.has(node.value)) draws++;
    return true;
  });
  if (draws === 0) return;
  if (draws > 1) refuse('more than one place that draws');
  walk(root, (node) => {
    const several =
      node.type === 'lambda' ||
      node.group !== undefined ||
      (node.type === 'unary' && node.value === '{' && !named(node));
    if (several && drawsIn(node)) refuse('a place that draws several times');
    return true;
  });
}

const named = (node: Node): boolean => (node.lhs as [Node, Node][]).every(([key]) => key.type === 'string');

function drawsIn(node: Node): boolean {
  let found = false;
  walk(node, ({ type, value }) => {
    found ||= type === 'variable' && CHANCE.has(value);
    return true;
  });
  return found;
}

/** Whether a function that minds its context, as a built-in does, is used in any other way than being called. */
export function passesNatives(root: Node, isNative: IsNative): boolean {
  const nodes = allNodes(root);
  const called = new Set(nodes.map(({ procedure }) => procedure));
  return nodes.some(
    (node) =>
      node.type === 'transform' ||
      (node.type === 'lambda' && node.signature !== undefined) ||
      (node.type === 'variable' && isNative(String(node.value)) && !called.has(node)),
  );
}

/**
 * Whether a function may hand a sequence to another as it is: a built-in called by another does, and a call at the end
 * of a function. Such a sequence within a list counts for its item only when it is looked at again.
 */
export function passesSequences(root: Node, isNative: IsNative): boolean {
  return (
    passesNatives(root, isNative) || allNodes(root).some((node) => node.thunk && mayGiveList(node.body!))
  );
}

function mayGiveList({ procedure }: Node): boolean {
  const direct = procedure?.type === 'variable' ? DIRECT[String(procedure.value)] : undefined;
  return !direct || (direct.kind & KIND.list) !== 0;
}

/**
 * Whether all that may take long counts its steps, so that it ends at the deadline: no patterns, and none of the
 * built-ins that stock code has to itself.
 */
export function isCounted(root: Node, isNative: IsNative): boolean {
  return allNodes(root).every(({ type, value }) => {
    if (type === 'variable') return !isNative(String(value)) || DIRECT[String(value)] !== undefined;
    return type !== 'regex';
  });
}

/** Whether a function may be part of what the expression gives. */
export function showsFunctions(root: Node, isNative: IsNative): boolean {
  if (passesNatives(root, isNative)) return true;
  const nodes = allNodes(root);
  const quiet = new Set<unknown>(nodes.flatMap(handedOver));
  const called = calledVariables(nodes);
  for (const { type, expressions } of nodes) {
    if (type !== 'block') continue;
    // A function with a name that is only ever called.
    for (const one of expressions!.slice(0, -1))
      if (one.type === 'bind' && called.has((one.lhs as Node).value)) quiet.add(one.rhs);
  }
  return nodes.some((node) => isWritten(node) && !quiet.has(node));
}

const isWritten = ({ type, thunk }: Node): boolean => (type === 'lambda' && !thunk) || type === 'regex';

/** The arguments of a call that takes functions and does not give them back. */
const handedOver = (node: Node): Node[] => (isNativeCall(node, TAKING_FUNCTIONS) ? node.arguments! : []);

/** The names of variables that are nothing but called. */
function calledVariables(nodes: readonly Node[]): Set<unknown> {
  const procedures = new Set(nodes.map(({ procedure }) => procedure));
  const bound = new Set(nodes.map(({ type, lhs }) => (type === 'bind' ? lhs : undefined)));
  const names = new Set<unknown>();
  const seen = new Set<unknown>();
  for (const node of nodes) {
    if (node.type !== 'variable' || bound.has(node)) continue;
    if (procedures.has(node)) names.add(node.value);
    else seen.add(node.value);
  }
  return new Set([...names].filter((name) => !seen.has(name)));
}

function allNodes(root: Node): Node[] {
  const nodes: Node[] = [];
  walk(root, (node) => {
    nodes.push(node);
    return true;
  });
  return nodes;
}
