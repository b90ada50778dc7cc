import type { Frame } from './frames';
import type { Value } from './kinds';
import type { Node } from './syntax';

/** What `$` is at a place. */
export interface Context {
  code: string;
  /** The document itself: a list is one item then. */
  root?: boolean;
  /** Known to be no list. */
  single?: boolean;
  /** Known to be an object. */
  object?: boolean;
  pure?: boolean;
  /** A list around what it should be, as JSONata has it in an array that begins a path. */
  boxed?: boolean;
}

/** What the whole of a generated function shares. */
export interface Program {
  emit(node: Node, at: Place): Value;
  /** A name not used yet. */
  name(): string;
  /** A name for a function that needs nothing but what it is given; undefined for others. */
  hoisted(code: string): string | undefined;
  /** A name for a value given to the generated code beside the document. */
  given(value: unknown): string;
  /** A name for a built-in function, or for the same as a value. */
  native(name: string, as: 'function' | 'value'): string;
  isNative(name: string): boolean;
  /** A name for the compiler's own form of a built-in function. */
  direct(name: string): string;
  /** Whether built-ins are used as values anywhere, so that any function may be one. */
  readonly passesNatives: boolean;
  /** Whether lists may hold sequences that are still to be taken for their item. */
  readonly passesSequences: boolean;
  readonly document: Context;
}

interface Change {
  context?: Context;
  frame?: Frame;
  output?: boolean;
}

/** Where code is being generated: lines go to `lines`, names of what is known already to `memo`. */
export class Place {
  constructor(
    readonly program: Program,
    readonly context: Context,
    readonly frame: Frame,
    readonly memo: Memo,
    readonly lines: string[],
    /** What is made here is written out as it is and looked at by nothing else. */
    readonly output: boolean,
  ) {}

  value(node: Node, output = false): Value {
    return this.program.emit(node, output === this.output ? this : this.sibling({ output }));
  }

  /** Names the value, so that it is computed here, and once. */
  named(value: Value): Value {
    return /^[\w$]+$|^"(?:[^"\\]|\\.)*"$/.test(value.code)
      ? value
      : { ...value, code: this.constant(value.code) };
  }

  constant(code: string): string {
    const name = this.program.name();
    this.lines.push(`const ${name} = ${code};`);
    return name;
  }

  /** A place of the same lines. */
  sibling(change: Change): Place {
    return this.changed(change, this.memo, this.lines);
  }

  /** A place whose lines stand in braces of their own. */
  inner(change: Change = {}): Place {
    return this.changed(change, new Memo(this.memo), []);
  }

  private changed({ context, frame, output }: Change, memo: Memo, lines: string[]): Place {
    const { program } = this;
    return new Place(
      program,
      context ?? this.context,
      frame ?? this.frame,
      memo,
      lines,
      output ?? this.output,
    );
  }

  /** A function of one item, which is `$` in it. */
  closure(
    context: Omit<Context, 'code'>,
    body: (at: Place) => Value,
    output = false,
  ): { code: string; result: Value } {
    const code = this.program.name();
    const at = this.inner({ context: { ...context, code }, output });
    const result = body(at);
    return { code: this.function(`(${code}) => {${at.lines.join('\n')}\nreturn ${result.code};}`), result };
  }

  /** Names a function: outside of what is done for each document, where it looks at nothing there. */
  function(code: string): string {
    return this.program.hoisted(code) ?? this.constant(code);
  }
}

/** Values by what they are of, where they are known on every way that leads here. */
export class Memo {
  private readonly known = new Map<string, Value>();

  constructor(private readonly outer?: Memo) {}

  get(key: string): Value | undefined {
    return this.known.get(key) ?? this.outer?.get(key);
  }

  set(key: string, value: Value): Value {
    this.known.set(key, value);
    return value;
  }
}

export const quoted = (text: string): string => JSON.stringify(text);
