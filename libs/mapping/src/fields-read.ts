import { takesContext } from './context-functions';
import type { FieldRead } from './mapping-result';
import { Origins } from './origins';

/** A node of JSONata's syntax tree; which of the fields there are depends on its type. */
interface Node {
  type: string;
  value?: unknown;
  position?: number;
  [field: string]: unknown;
}

/** Whatever may be read is: all of the input. */
export const READS_EVERYTHING: FieldRead[] = [{ path: [] }];

/** Objects by the shape of the input, so never text or numbers. */
const OBJECTS = new Set(
  [
    [],
    ['profile'],
    ['profile', 'traits'],
    ['profile', 'identities'],
    ['profile', 'consent'],
    ['audience'],
    ['membership'],
  ].map((path) => JSON.stringify(path)),
);
const ROUNDS = 50;
/** No name of JSON's to follow: what stands below it are no fields. */
const ITSELF = '';

/**
 * Which places of its input an expression may read, whatever the input: never fewer than it does. Following a name reads
 * nothing yet; what is compared, computed with, passed to a function or given out is read with all that is in it. What
 * the analysis cannot follow (`*`, `**`, `%`, computed keys, an unknown kind of node) reads everything from there.
 */
export function fieldsRead(root: unknown): FieldRead[] {
  const analysis = new Analysis();
  for (let round = 0; round < ROUNDS; round++) {
    if (!analysis.run(root as Node)) continue;
    return analysis.reads();
  }
  return READS_EVERYTHING;
}

/** Variables are told apart by name alone, wherever they are bound: rounds go on until nothing new is bound. */
class Analysis {
  private readonly bound = new Map<string, Origins>();
  /** Names bound to functions written out in the expression, and to nothing else; such see no context of a call. */
  private readonly lambdas = new Map<string, boolean>();
  private found = new Map<string, FieldRead>();
  private grew = false;

  /** One round; whether it was the last. */
  run(root: Node): boolean {
    this.found = new Map();
    this.grew = false;
    this.consume(this.value(root, Origins.of([])));
    return !this.grew;
  }

  reads(): FieldRead[] {
    return [...this.found.values()];
  }

  private consume(origins: Origins): Origins {
    for (const { path = [], position } of origins.list()) this.note(path, position);
    return Origins.NONE;
  }

  /** Where it is text or a number, or might be, it is read; nothing below it is. */
  private touch(origins: Origins): Origins {
    for (const { path, position } of origins.list()) {
      if (path === undefined) this.note([], position);
      else if (!OBJECTS.has(JSON.stringify(path))) this.note([...path, ITSELF], position);
    }
    return Origins.NONE;
  }

  private note(path: readonly string[], position: number | undefined): void {
    const key = JSON.stringify(path);
    if (!this.found.has(key)) this.found.set(key, { path, ...(position === undefined ? {} : { position }) });
  }

  private consumeAll(nodes: readonly unknown[], context: Origins): Origins {
    for (const node of nodes) this.consume(this.value(node, context));
    return Origins.NONE;
  }

  /** Where the value of a node may come from; what it reads on the way is noted. */
  private value(given: unknown, context: Origins): Origins {
    if (given === undefined || given === null) return Origins.NONE;
    const node = given as Node;
    const value = this.bare(node, context);
    return this.trimmings(node, value);
  }

  private bare(node: Node, context: Origins): Origins {
    switch (node.type) {
      case 'path':
        return (list(node.steps) as Node[]).reduce((before, step, index) => {
          // What does not go on from it still comes once for each that is there.
          if (index > 0 && step.type !== 'name' && step.type !== 'sort') this.touch(before);
          return this.step(step, before);
        }, context);
      case 'name':
        return context.child(String(node.value), node.position);
      case 'variable':
        return this.variable(node, context);
      case 'string':
      case 'number':
      case 'value':
      case 'regex':
      case 'operator':
        return Origins.NONE;
      case 'wildcard':
      case 'descendant':
        return this.consume(context);
      case 'sort':
        this.consumeAll(
          list(node.terms).map((term) => (term as { expression: unknown }).expression),
          context,
        );
        return context;
      case 'binary':
        return this.consumeAll([node.lhs, node.rhs], context);
      case 'unary':
        return this.consumeAll(
          [...list(node.lhs).flat(), ...list(node.expressions), node.expression],
          context,
        );
      case 'condition':
        this.consume(this.value(node.condition, context));
        return Origins.union([this.value(node.then, context), this.value(node.else, context)]);
      case 'block': {
        const values = list(node.expressions).map((one) => this.value(one, context));
        for (const value of values.slice(0, -1)) this.touch(value);
        return values.at(-1) ?? Origins.NONE;
      }
      case 'bind':
        return this.bind(node, context);
      case 'lambda':
        // Called who knows when; what comes as an argument has been read by then.
        for (const argument of list(node.arguments)) this.assign(nameOf(argument), Origins.NONE, false);
        return this.consume(this.value(node.body, context));
      case 'function':
      case 'partial':
        return this.call(node, list(node.arguments), context);
      case 'apply':
        return this.apply(node, context);
      case 'transform':
        // It works on a copy of what it is given.
        return this.consumeAll([node.pattern, node.update, node.delete], Origins.NONE);
      default:
        return Origins.of(undefined, node.position);
    }
  }

  private step(step: Node, before: Origins): Origins {
    const value = this.value(step, before);
    if (typeof step.index === 'string') this.assign(step.index, Origins.NONE, false);
    if (typeof step.focus !== 'string') return value;
    // `@$name` stays where it was.
    this.assign(step.focus, value, false);
    return Origins.union([before, value]);
  }

  /** Filters and groupings look at each item of the value they stand behind. */
  private trimmings(node: Node, value: Origins): Origins {
    for (const stage of [...list(node.stages), ...list(node.predicate)] as Node[]) {
      if (stage.type === 'index') this.assign(String(stage.value), Origins.NONE, false);
      else this.consume(this.value(stage.expr, value));
    }
    if (node.group === undefined) return value;
    this.touch(value);
    return this.consumeAll(list((node.group as { lhs?: unknown }).lhs).flat(), value);
  }

  private variable(node: Node, context: Origins): Origins {
    if (node.value === '') return node.position === undefined ? context : located(context, node.position);
    if (node.value === '$') return Origins.of([], node.position);
    const name = String(node.value);
    const bound = this.bound.get(name);
    // A function as a value may be called with fewer arguments than it needs.
    if (!bound) this.takeContext(takesContext(name, 1), context);
    return bound ?? Origins.NONE;
  }

  private bind(node: Node, context: Origins): Origins {
    const value = this.value(node.rhs, context);
    this.touch(value);
    const { type, signature } = (node.rhs ?? {}) as Node;
    this.assign(nameOf(node.lhs), value, type === 'lambda' && signature === undefined);
    return value;
  }

  private assign(name: string, value: Origins, lambda: boolean): void {
    const before = this.bound.get(name);
    const after = before ? Origins.union([before, value]) : value;
    const isLambda = lambda && (this.lambdas.get(name) ?? true);
    this.grew ||= !before?.equals(after) || this.lambdas.get(name) !== isLambda;
    this.bound.set(name, after);
    this.lambdas.set(name, isLambda);
  }

  private call(node: Node, given: readonly unknown[], context: Origins, more = 0): Origins {
    this.consumeAll(given, context);
    const procedure = node.procedure as Node | undefined;
    if (procedure?.type === 'variable' && typeof procedure.value === 'string' && !isContext(procedure)) {
      const { value: name } = procedure;
      if (this.lambdas.get(name)) return Origins.NONE;
      if (!this.bound.has(name)) this.takeContext(takesContext(name, given.length + more), context);
      else this.takeContext('anything', context);
      return this.consume(this.bound.get(name) ?? Origins.NONE);
    }
    if (procedure?.type !== 'lambda' || procedure.signature !== undefined)
      this.takeContext('anything', context);
    return this.consume(this.value(procedure, context));
  }

  private apply(node: Node, context: Origins): Origins {
    this.consume(this.value(node.lhs, context));
    const to = node.rhs as Node;
    if (to.type === 'function' || to.type === 'partial')
      return this.trimmings(to, this.call(to, list(to.arguments), context, 1));
    if (to.type === 'variable')
      return this.trimmings(to, this.call({ type: 'function', procedure: to }, [], context, 1));
    if (to.type !== 'lambda' && to.type !== 'transform') this.takeContext('anything', context);
    return this.consume(this.value(to, context));
  }

  private takeContext(what: ReturnType<typeof takesContext>, context: Origins): void {
    if (what === 'anything') this.consume(context);
    if (what === 'scalar') this.touch(context);
  }
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const nameOf = (variable: unknown): string => String((variable as Node).value);
const isContext = ({ value }: Node): boolean => value === '' || value === '$';

/** The same places, said to be read at `position` where nothing nearer was known. */
const located = (origins: Origins, position: number): Origins =>
  Origins.union(origins.list().map((one) => Origins.of(one.path, one.position ?? position)));
