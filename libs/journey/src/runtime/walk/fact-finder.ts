import type { MappingRunner } from '@percorso/mapping';
import { type ProfileDocument, valueAt } from '@percorso/profile';
import { isZone } from '@percorso/segmentation';
import type { JourneyDefinition, ProfileCondition } from '../../definition/definition';
import type { Instance } from '../../engine/instance';
import type { Answer, Question } from '../../engine/protocol';
import { inputDocument } from './input-document';
import type { JourneyPlan } from '../plan/journey-plan';

/** Where answers are found: in the database as it is, or in what it was. */
export interface FactSource {
  /** In the order in which it was asked. */
  holds(asked: readonly AskedCondition[]): Promise<boolean[]>;
  /** Profiles as expressions see them; undefined where there is none. */
  documents(asked: readonly { person: number; at: number }[]): Promise<(ProfileDocument | undefined)[]>;
}

/** Does the condition hold for the person? */
export interface AskedCondition {
  person: number;
  condition: ProfileCondition;
  at: number;
}

/** An expression over the document of one instance, at one moment. */
export interface AskedExpression {
  expression: string;
  instance: Instance;
  at: number;
  /** Of a call. */
  response?: unknown;
  /** Tells two uses of one expression in one visit apart, so that what is drawn by chance is. */
  seed: string;
}

export type Given = { value: unknown } | { error: { code: string; message: string } };

type Waiting<Asked, Told> = Asked & { told: (answer: Told) => void };

/**
 * Answers what the persons of a turn want to know, all at once: who asks waits, and when everybody waits, everything that
 * was asked is found together.
 */
export class FactFinder {
  private conditions: Waiting<AskedCondition, boolean>[] = [];
  private expressions: Waiting<AskedExpression, Given>[] = [];
  private profiles: Waiting<{ person: number; at: number }, ProfileDocument | undefined>[] = [];
  private flushing = false;
  private failure?: { error: unknown };
  private readonly failed: (() => void)[] = [];

  constructor(
    private readonly source: FactSource,
    private readonly mappings: Pick<MappingRunner, 'run'>,
    private readonly plan: JourneyPlan,
  ) {}

  /** Rejects when anything could not be found: then the turn is over. */
  get broken(): Promise<never> {
    return new Promise((_, reject) => {
      this.failed.push(() => reject(this.failure!.error));
    });
  }

  holds(person: number, condition: ProfileCondition, at: number): Promise<boolean> {
    return this.wait((told) => this.conditions.push({ person, condition, at, told }));
  }

  evaluate(asked: AskedExpression): Promise<Given> {
    return this.wait((told) => this.expressions.push({ ...asked, told }));
  }

  /** Answers to what the engine asks of one instance. */
  answers(
    definition: JourneyDefinition,
    instance: Instance,
    questions: readonly Question[],
    at: number,
  ): Promise<Answer[]> {
    return Promise.all(questions.map((question) => this.answer(definition, instance, question, at)));
  }

  /** The profile as expressions see it; undefined where there is none. */
  document(person: number, at: number): Promise<ProfileDocument | undefined> {
    return this.wait((told) => this.profiles.push({ person, at, told }));
  }

  private async answer(
    definition: JourneyDefinition,
    instance: Instance,
    { visit, ask }: Question,
    at: number,
  ): Promise<Answer> {
    if (ask.kind === 'condition') {
      const { pointer } = ask;
      const condition = conditionAt(definition, pointer);
      return { visit, pointer, holds: await this.holds(instance.person, condition, at) };
    }
    if (ask.kind === 'zone') return { visit, zone: await this.zone(instance.person, ask.trait, at) };
    const values: Record<string, unknown> = {};
    const errors: Record<string, string> = {};
    await Promise.all(
      Object.entries(ask.expressions).map(async ([name, expression]) => {
        const seed = `${instance.id}:${visit}:${name}`;
        const response = 'response' in ask ? { response: ask.response } : {};
        const given = await this.evaluate({ expression, instance, at, seed, ...response });
        if ('error' in given) errors[name] = given.error.code;
        else values[name] = given.value;
      }),
    );
    return { visit, values, errors };
  }

  private async zone(person: number, trait: string | undefined, at: number): Promise<string> {
    if (trait === undefined) return this.plan.zone;
    const profile = await this.document(person, at);
    const zone = profile && valueAt(profile.traits, trait);
    return typeof zone === 'string' && isZone(zone) ? zone : this.plan.zone;
  }

  private wait<T>(ask: (told: (answer: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve) => {
      ask(resolve);
      if (this.flushing) return;
      this.flushing = true;
      // By then whoever can go on has done so, and asks too.
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    this.flushing = false;
    const { conditions, expressions, profiles } = this;
    [this.conditions, this.expressions, this.profiles] = [[], [], []];
    try {
      await Promise.all([
        this.tell(conditions, (asked) => this.source.holds(asked)),
        this.tell(profiles, (asked) => this.source.documents(asked)),
        this.tell(expressions, (asked) => this.evaluateAll(asked)),
      ]);
    } catch (error) {
      this.failure ??= { error };
      for (const tell of this.failed) tell();
    }
  }

  private async tell<Asked, Told>(
    waiting: readonly Waiting<Asked, Told>[],
    find: (asked: readonly Asked[]) => Promise<readonly Told[]>,
  ): Promise<void> {
    if (waiting.length === 0) return;
    const found = await find(waiting);
    waiting.forEach(({ told }, index) => told(found[index]!));
  }

  /** Those of one expression together. */
  private async evaluateAll(asked: readonly AskedExpression[]): Promise<Given[]> {
    const documents = await this.source.documents(
      asked.map(({ instance: { person }, at }) => ({ person, at })),
    );
    const groups = new Map<string, number[]>();
    asked.forEach(({ expression }, index) => {
      const group = groups.get(expression);
      if (group) group.push(index);
      else groups.set(expression, [index]);
    });
    const given = new Array<Given>(asked.length);
    await Promise.all(
      [...groups].map(async ([expression, indexes]) => {
        const inputs = indexes.map((index) => {
          const { instance, at, ...rest } = asked[index]!;
          return inputDocument(instance, documents[index], this.plan, at, rest);
        });
        const bindings = indexes.map((index) => ({
          seed: asked[index]!.seed,
          at: new Date(asked[index]!.at),
        }));
        const results = await this.mappings.run(expression, inputs, { bindings });
        results.forEach((result, place) => {
          given[indexes[place]!] = 'error' in result ? { error: result.error } : { value: result.output };
        });
      }),
    );
    return given;
  }
}

/** The condition that a pointer of the engine names. */
function conditionAt(definition: JourneyDefinition, pointer: string): ProfileCondition {
  const path = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const found = path.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], definition);
  return found as ProfileCondition;
}
