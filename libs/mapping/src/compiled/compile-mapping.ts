import { Script } from 'node:vm';
import { emit } from './emit';
import { Frame, UNBOUND } from './frames';
import { type Context, Memo, Place, type Program } from './place';
import { isCounted, passesNatives, passesSequences, refuseChance, showsFunctions } from './survey';
import { type Node, Refused, refuse } from './syntax';
import * as callbacks from './runtime/callbacks';
import { directFunctions } from './runtime/functions';
import * as matching from './runtime/matching';
import * as nativeCalls from './runtime/natives';
import type { Natives } from './runtime/natives';
import * as selecting from './runtime/selecting';
import * as sequences from './runtime/sequences';
import { bail, spend } from './runtime/signals';
import { transform } from './runtime/transforming';
import * as values from './runtime/values';

/** Longest code generated, in UTF-16 units: beyond it the engine's own compiler takes too long. */
const MAX_CODE = 1_000_000;

/** The names in generated code that stand for values of a document; in a quoted text they do no harm. */
const NAMES = /\b(?:v\d+|document)\b/g;
/** The same where they are declared: as variables, and in lists of parameters. */
const DECLARED = /(?<=(?:const|let) )v\d+|(?<=\((?:v\d+, )*)v\d+(?=(?:, v\d+)*\) =>)/g;

export interface CompiledMapping {
  /** Maps a document; throws `TIMEOUT`, or anything else where stock JSONata is to answer. */
  run(document: unknown): unknown;
  /** Whether functions may be in what it gives. */
  showsFunctions: boolean;
  /** Whether it can be trusted to end at its deadline by itself. */
  counted: boolean;
}

type Run = CompiledMapping['run'];

const unbound = Symbol('unbound');
const runtime: Record<string, unknown> = {
  ...sequences,
  ...selecting,
  ...values,
  ...nativeCalls,
  matcher: matching.matcher,
  transform,
  spend,
  bail,
  [UNBOUND]: unbound,
};

/**
 * Turns the syntax tree of a mapping into a function with JSONata's semantics; throws `Refused` for what is left to
 * stock JSONata. The code holds nothing of the expression but quoted texts and numbers: all names in it are its own.
 */
export function compileMapping(tree: unknown, natives: Natives): CompiledMapping {
  const root = tree as Node;
  refuseChance(root);
  const isNative = (name: string): boolean => natives.has(name);
  const build = new Builder(root, natives);
  const forObjects = build.function({ code: 'document', root: true, single: true, object: true, pure: true });
  // Mappings see objects: any other document is a case for tests.
  let forAny: Run | undefined;
  return {
    run: (document) => {
      if (typeof document === 'object' && document !== null && !Array.isArray(document))
        return forObjects(document);
      forAny ??= build.function({ code: 'document', root: true, pure: true });
      return forAny(document);
    },
    showsFunctions: showsFunctions(root, isNative),
    counted: isCounted(root, isNative),
  };
}

class Builder {
  private readonly direct: Record<string, unknown>;
  private readonly passing: Pick<Program, 'passesNatives' | 'passesSequences'>;

  constructor(
    private readonly root: Node,
    private readonly natives: Natives,
  ) {
    this.direct = { ...directFunctions(natives), ...callbacks, filter: callbacks.keep, ...matching };
    const isNative = (name: string): boolean => natives.has(name);
    this.passing = {
      passesNatives: passesNatives(root, isNative),
      passesSequences: passesSequences(root, isNative),
    };
  }

  function(document: Context): Run {
    const given: unknown[] = [];
    const header = new Map<string, string>();
    const { root, natives } = this;
    let names = 0;
    const once = (name: string, code: string): string => {
      header.set(name, code);
      return name;
    };
    const give = (value: unknown): string => {
      given.push(value);
      return once(`given${given.length}`, `given[${given.length - 1}]`);
    };
    const known = new Map<string, string>();
    const program: Program = {
      emit,
      document,
      ...this.passing,
      name: () => `v${++names}`,
      given: give,
      native: (name, as) => {
        const key = `${as} ${name}`;
        const native = natives.get(name) ?? refuse(`$${name}`);
        const code = known.get(key) ?? give(as === 'function' ? native : nativeCalls.asValue(native));
        known.set(key, code);
        return code;
      },
      hoisted: (code) => {
        const inside = new Set(code.match(DECLARED));
        const free = code.match(NAMES)?.filter((name) => !inside.has(name) && !header.has(name)) ?? [];
        return free.length > 0 ? undefined : once(program.name(), code);
      },
      direct: (name) => once(`direct_${name}`, `direct.${name}`),
      isNative: (name) => natives.has(name),
    };
    const frame = new Frame(undefined, program.isNative);
    const lines = frame.declare([root], program.name);
    const at = new Place(program, document, frame, new Memo(), lines, true);
    const { code } = at.value(root, true);
    const source = [
      '(runtime, direct, given) => {"use strict";',
      `const {${Object.keys(runtime).join(', ')}} = runtime;`,
      ...[...header].map(([name, from]) => `const ${name} = ${from};`),
      `return (document) => {${lines.join('\n')}\nreturn ${code};};}`,
    ].join('\n');
    if (source.length > MAX_CODE) refuse('so much code');
    return this.load(source, given);
  }

  private load(source: string, given: unknown[]): Run {
    // A script of its own: the process refuses code that is made from text in any other way.
    const script = new Script(source, { filename: 'mapping' });
    const factory = script.runInThisContext() as (...parts: unknown[]) => Run;
    return factory(runtime, this.direct, given);
  }
}

/** The same, with the reason where it is left to stock JSONata. */
export function tryCompile(tree: unknown, natives: Natives): CompiledMapping | { refused: string } {
  try {
    return compileMapping(tree, natives);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    // Nested too deep for the compiler, or for the engine's.
    if (error instanceof RangeError) return { refused: 'nesting that deep' };
    throw error;
  }
}
