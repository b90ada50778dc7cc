import type { JourneyDefinition, ProfileCondition, ContextTest, Step } from '../definition/definition';
import type { Answer, Question } from './protocol';
import type { Frame, Token } from './instance';

export type Ask = Question['ask'];

/** What was answered to the questions of one visit. */
export interface Facts {
  /** By the pointer of the condition. */
  holds: Record<string, boolean>;
  values: Record<string, unknown>;
  errors: Record<string, string>;
  zone?: string;
}

export const NO_FACTS: Facts = { holds: {}, values: {}, errors: {} };

type ConditionOrTest = ProfileCondition | ContextTest;

export const isTest = (where: ConditionOrTest): where is ContextTest => 'jsonata' in where;

/** Where a step's own condition is in the definition: RFC 6901. */
export const pointerTo = (step: string, ...path: (string | number)[]): string =>
  ['', 'steps', step, ...path].map((part) => String(part).replace(/~/g, '~0').replace(/\//g, '~1')).join('/');

export const armPointer = (step: string, arm: number): string => pointerTo(step, 'arms', arm, 'where');
export const whilePointer = (step: string): string => pointerTo(step, 'while');

/** Names of the expressions that update asks for: those of traits and of the context may be the same. */
export const traitName = (name: string): string => `traits.${name}`;
export const contextName = (name: string): string => `context.${name}`;

/** What a token's step needs to know before it acts. */
export function asksOf({ steps }: JourneyDefinition, { step: id, frames, wait }: Token): Ask[] {
  const step = steps[id]!;
  switch (step.kind) {
    case 'branch':
      return asksOfArms(id, step.arms);
    case 'loop':
      return step.while && turnsOf(id, frames) < step.times ? asksOfWhile(id, step.while) : [];
    case 'wait':
      return asksOfWait(step.until);
    case 'update': {
      const traits = Object.entries(step.traits).map(([name, text]) => [traitName(name), text]);
      const context = Object.entries(step.context).map(([name, text]) => [contextName(name), text]);
      return expressions(Object.fromEntries([...traits, ...context]));
    }
    case 'jump':
      return expressions(step.context);
    case 'call':
      return wait.kind === 'facts' && 'response' in wait ? expressions(step.into, wait.response) : [];
    default:
      return [];
  }
}

function asksOfArms(id: string, arms: { where: ConditionOrTest }[]): Ask[] {
  const asks: Ask[] = [];
  const texts: Record<string, string> = {};
  arms.forEach(({ where }, arm) => {
    if (isTest(where)) texts[arm] = where.jsonata;
    else asks.push({ kind: 'condition', pointer: armPointer(id, arm) });
  });
  return [...asks, ...expressions(texts)];
}

const asksOfWhile = (id: string, where: ConditionOrTest): Ask[] =>
  isTest(where) ? expressions({ while: where.jsonata }) : [{ kind: 'condition', pointer: whilePointer(id) }];

function asksOfWait(until: Extract<Step, { kind: 'wait' }>['until']): Ask[] {
  if ('jsonata' in until) return expressions({ until: until.jsonata });
  if (!('time' in until) || (until.zone && 'name' in until.zone)) return [];
  return [{ kind: 'zone', ...(until.zone && { trait: until.zone.trait }) }];
}

function expressions(texts: Record<string, string>, response?: unknown): Ask[] {
  if (Object.keys(texts).length === 0) return [];
  return [{ kind: 'expressions', expressions: texts, ...(response === undefined ? {} : { response }) }];
}

/** The answers to a visit's questions; undefined while one of them is missing. */
export function factsOf(asks: readonly Ask[], visit: number, answers: readonly Answer[]): Facts | undefined {
  const own = answers.filter((answer) => answer.visit === visit);
  const facts: Facts = { holds: {}, values: {}, errors: {} };
  for (const ask of asks) {
    const answer = own.find((one) => answersTo(ask, one));
    if (!answer) return undefined;
    if (ask.kind === 'condition') facts.holds[ask.pointer] = answer.holds === true;
    else if (ask.kind === 'zone') facts.zone = answer.zone;
    else {
      facts.values = answer.values ?? {};
      facts.errors = answer.errors ?? {};
    }
  }
  return facts;
}

function answersTo(ask: Ask, answer: Answer): boolean {
  if (ask.kind === 'condition') return answer.pointer === ask.pointer;
  if (answer.pointer !== undefined) return false;
  const ofExpressions = answer.values !== undefined || answer.errors !== undefined;
  return ofExpressions === (ask.kind === 'expressions');
}

/** Turns begun of a loop whose body a token comes from; 0 for one that comes to it anew. */
export function turnsOf(id: string, frames: readonly Frame[]): number {
  const inner = frames[frames.length - 1];
  return inner?.kind === 'loop' && inner.step === id ? inner.turn : 0;
}
