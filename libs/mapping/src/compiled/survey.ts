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
    const several = node.type === 'lambda' || node.group !== undefined || (node.type === 'unary' && node.value === '{' && !named(node));
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
  const called = new Set<Node>();
  let found = false;
  const nodes: Node[] = [];
  walk(root, (node) => {
    nodes.push(node);
    if (node.procedure) called.add(node.procedure);
    return true;
  });
  for (const node of nodes) {
    found ||= node.type === 'transform' || (node.type === 'lambda' && node.signature !== undefined);
    found ||= node.type === 'variable' && isNative(String(node.value)) && !called.has(node);
  }
  return found;
}

/** Whether a function may be part of what the expression gives: one that is not just handed to a built-in. */
export function showsFunctions(root: Node, isNative: IsNative): boolean {
  const handed = new Set<unknown>();
  let found = passesNatives(root, isNative);
  const nodes: Node[] = [];
  walk(root, (node) => {
    nodes.push(node);
    if (isNativeCall(node, TAKING_FUNCTIONS)) for (const argument of node.arguments ?? []) handed.add(argument);
    return true;
  });
  for (const node of nodes) {
    const isFunction = (node.type === 'lambda' && !node.thunk) || node.type === 'regex';
    found ||= isFunction && !handed.has(node);
  }
  return found;
}
