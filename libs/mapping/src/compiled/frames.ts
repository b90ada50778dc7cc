import { ANY, KIND, type Value } from './kinds';
import { type Node, refuse, walk } from './syntax';

interface Variable {
  code: string;
  /** Bound whenever it is looked at; otherwise an outer one of the name may be meant. */
  sure: boolean;
  /** Bound in one place only: once it is sure, it stays what it is. */
  once: boolean;
  /** Bound to nothing but a function written out. */
  lambda: boolean;
  /** What is known of what it is bound to. */
  value: Omit<Value, 'code'>;
}

/** The marker of a variable nothing is bound to yet. */
export const UNBOUND = 'UNBOUND';

/** The variables of a block or function; a name that is not bound there is looked for further out. */
export class Frame {
  private readonly variables = new Map<string, Variable>();

  constructor(
    private readonly outer: Frame | undefined,
    private readonly isNative: (name: string) => boolean,
  ) {}

  /** A parameter is handed over as it is, loose sequences among it. */
  parameter(name: string, code: string, value: Omit<Value, 'code'> = { kind: ANY, loose: true }): void {
    if (name === '' || name === '$') refuse('a parameter called $ or $$');
    this.variables.set(name, { code, sure: true, once: true, lambda: false, value });
  }

  /** Declares what the nodes bind in this frame; gives the lines that declare it in generated code. */
  declare(nodes: readonly (Node | undefined)[], newName: () => string): string[] {
    const lines: string[] = [];
    for (const [name, values] of bindings(nodes)) {
      if (name === '' || name === '$') refuse('$ or $$ bound to something');
      const parameter = this.variables.get(name);
      if (parameter) {
        this.variables.set(name, { ...parameter, once: false });
        continue;
      }
      const code = newName();
      const once = values.length === 1;
      lines.push(`let ${code} = ${this.outer?.knows(name) || this.isNative(name) ? UNBOUND : 'undefined'};`);
      this.variables.set(name, {
        code,
        once,
        sure: false,
        lambda: once && values[0]?.type === 'lambda' && !values[0].signature,
        value: { kind: ANY },
      });
    }
    return lines;
  }

  /** The name that generated code assigns to. */
  codeOf(name: string): string {
    const known = this.variables.get(name);
    // Bound in a part of the tree that `bindings` does not look into.
    if (!known) return refuse(`a binding of $${name} in an unknown place`);
    return known.code;
  }

  /** From here on it is bound for sure; to `value`, if to nothing else. */
  settle(name: string, { kind, pure }: Value): void {
    const known = this.variables.get(name);
    if (known)
      this.variables.set(name, { ...known, sure: true, value: known.once ? { kind, pure } : known.value });
  }

  /**
   * The value of a name, `fallback` where it is bound nowhere; undefined where no frame has it. What is not stable may
   * have changed by the time later code runs.
   */
  reference(name: string, fallback: string): (Value & { stable: boolean }) | undefined {
    const known = this.variables.get(name);
    if (!known) return this.outer?.reference(name, fallback);
    if (known.sure) return { ...known.value, code: known.code, stable: known.once };
    const outer = this.outer?.reference(name, fallback)?.code ?? fallback;
    const kind = known.value.kind | KIND.missing;
    if (outer === 'undefined') return { code: known.code, kind, stable: false };
    return {
      code: `(${known.code} !== ${UNBOUND} ? ${known.code} : ${outer})`,
      kind: ANY,
      loose: true,
      stable: false,
    };
  }

  /** The code of a name that is bound to a function written out, and to nothing else. */
  lambda(name: string): string | undefined {
    const known = this.variables.get(name);
    if (!known) return this.outer?.lambda(name);
    const alone = known.sure || (!this.outer?.knows(name) && !this.isNative(name));
    return known.lambda && alone ? known.code : undefined;
  }

  knows(name: string): boolean {
    return this.variables.has(name) || (this.outer?.knows(name) ?? false);
  }
}

/** What is bound to which name in the frame of the nodes: blocks and functions have their own. */
function bindings(nodes: readonly (Node | undefined)[]): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  walk(nodes, (node) => {
    if (node.type === 'block' || (node.type === 'lambda' && !node.thunk)) return false;
    if (node.type !== 'bind') return true;
    const name = String((node.lhs as Node).value);
    found.set(name, [...(found.get(name) ?? []), node.rhs as Node]);
    return true;
  });
  return found;
}

/** Whether a node binds something in the frame it stands in. */
export const binds = (node: Node): boolean => bindings([node]).size > 0;
