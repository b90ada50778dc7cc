import type { FieldError } from '@percorso/kernel';
import type {
  AccountMemberLeaf,
  AudienceLeaf,
  Condition,
  Definition,
  ListLeaf,
  PersonLeaf,
  WrittenDefinition,
  WrittenLeaf,
} from './definition';
import { LIMITS } from './parse-definition';
import { at, Mistakes } from './reader';

/** Why another audience cannot be used. */
export type Unusable = 'unknown-audience' | 'archived-audience' | 'unreadable-audience' | 'in-trait';

/** The current definition of an audience, or why there is none to use. */
export type LookUp = (id: string) => WrittenDefinition | Unusable;

export type ResolvedDefinition = { ok: true; definition: Definition } | { ok: false; errors: FieldError[] };

const MESSAGES: Record<Unusable, string> = {
  'unknown-audience': 'there is no audience with this id',
  'archived-audience': 'that audience is archived',
  'unreadable-audience': 'that audience has a definition this release cannot read',
  'in-trait': 'a computed trait may not look at audiences',
};

/**
 * Puts another audience's condition in the place of its id, and so on inside it; `self` is the audience being defined,
 * if it exists, whose list `imported` looks at. Limits hold for the result. Mistakes point into `written`, at the audience that leads to them.
 */
export function resolveAudiences(
  written: WrittenDefinition,
  lookUp: LookUp,
  self?: string,
): ResolvedDefinition {
  const resolving = new Resolving(lookUp, self === undefined ? [] : [self]);
  const where = resolving.written(written.where, '/where', 1);
  const { errors } = resolving.mistakes;
  return where && errors.length === 0
    ? { ok: true, definition: { version: 1, where } }
    : { ok: false, errors };
}

/** What another audience's definition leads to cannot be used. */
class Stop extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

class Resolving {
  readonly mistakes = new Mistakes();
  private leaves = 0;
  /** Whether what is resolved is asked of another member of an account. */
  private ofMember = false;

  constructor(
    private readonly lookUp: LookUp,
    private readonly users: readonly string[],
  ) {}

  /** A condition of the definition itself: every audience that cannot be used is told at its place. */
  written(condition: Condition<WrittenLeaf>, pointer: string, depth: number): Condition | undefined {
    if (condition.kind === 'not') {
      const inner = this.written(condition.condition, at(pointer, 'not'), depth + 1);
      return inner && { kind: 'not', condition: inner };
    }
    if (condition.kind === 'all' || condition.kind === 'any') {
      const conditions = condition.conditions.map((inner, index) =>
        this.written(inner, at(at(pointer, condition.kind), index), depth + 1),
      );
      return { kind: condition.kind, conditions: conditions.filter((inner) => inner !== undefined) };
    }
    if (condition.kind === 'accountMember') {
      const place = at(at(pointer, 'accountMember'), 'where');
      return this.member(condition, () => this.written(condition.where, place, depth + 1));
    }
    try {
      return this.inside(condition, this.users, depth);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return this.mistakes.add(placeOf(condition, pointer), error.code, error.message);
    }
  }

  /** A condition inside the audiences `path`. @throws Stop */
  private inside(condition: Condition<WrittenLeaf>, path: readonly string[], depth: number): Condition {
    if (depth > LIMITS.depth)
      throw new Stop('too-deep', `leads to conditions nested more than ${LIMITS.depth} deep`);
    if (condition.kind === 'not') {
      return { kind: 'not', condition: this.inside(condition.condition, path, depth + 1) };
    }
    if (condition.kind === 'all' || condition.kind === 'any') {
      const conditions = condition.conditions.map((inner) => this.inside(inner, path, depth + 1));
      return { kind: condition.kind, conditions };
    }
    if (condition.kind === 'accountMember') {
      if (this.ofMember) throw new Stop('nested', 'leads to an accountMember inside another one');
      // A condition inside is told at the audience that leads to it, so there always is one here.
      return this.member(condition, () => this.inside(condition.where, path, depth + 1))!;
    }
    if (condition.kind === 'audience') return this.audience(condition, path, depth);
    return this.leaf(condition.kind === 'imported' ? listOf(path) : condition);
  }

  /** `where` resolves what is asked of the member; nothing in it is an accountMember. @throws Stop */
  private member(
    { account, others }: AccountMemberLeaf<unknown>,
    where: () => Condition | undefined,
  ): Condition | undefined {
    this.ofMember = true;
    try {
      const inner = where() as Condition<PersonLeaf> | undefined;
      return inner && this.leaf({ kind: 'accountMember', account, others, where: inner });
    } finally {
      this.ofMember = false;
    }
  }

  private audience({ id }: AudienceLeaf, path: readonly string[], depth: number): Condition {
    if (path.includes(id)) throw new Stop('cycle', 'that audience uses, in the end, one that it is used in');
    const found = this.lookUp(id);
    if (typeof found === 'string') throw new Stop(found, MESSAGES[found]);
    return this.inside(found.where, [...path, id], depth + 1);
  }

  private leaf<L>(leaf: L): L {
    this.leaves += 1;
    if (this.leaves <= LIMITS.leaves) return leaf;
    const message = `leads to more than ${LIMITS.leaves} conditions on data, those of used audiences included`;
    throw new Stop('too-many', message);
  }
}

/** The list of the audience whose definition is being read. @throws Stop */
function listOf(path: readonly string[]): ListLeaf {
  const audience = path.at(-1);
  if (audience === undefined)
    throw new Stop('no-audience', 'only an audience has a list: name it by audience');
  return { kind: 'list', audience };
}

function placeOf(condition: Condition<WrittenLeaf>, pointer: string): string {
  if (condition.kind === 'audience') return at(at(pointer, 'audience'), 'id');
  return condition.kind === 'imported' ? at(pointer, 'imported') : '/where';
}
