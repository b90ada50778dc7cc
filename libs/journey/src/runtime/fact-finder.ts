import type { MappingRunner } from '@percorso/mapping';
import type { ProfileDocument, ProfileReader } from '@percorso/profile';
import { isZone, type PersonConditions } from '@percorso/segmentation';
import { valueAt } from '@percorso/profile';
import type { Database } from '@percorso/storage';
import type { JourneyDefinition, ProfileCondition } from '../definition/definition';
import type { Instance } from '../engine/instance';
import type { Answer, Question } from '../engine/protocol';
import { inputDocument } from './input-document';
import type { JourneyPlan } from './journey-plan';

/** What answers are found with. */
export interface FactSources {
  database: Database;
  conditions: PersonConditions;
  profiles: ProfileReader;
  mappings: MappingRunner;
}

interface AskedCondition {
  person: number;
  condition: ProfileCondition;
  at: number;
  told: (holds: boolean) => void;
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

interface WaitingExpression extends AskedExpression {
  told: (given: Given) => void;
}

/**
 * Answers what the persons of a turn want to know, all at once: who asks waits, and when everybody waits, everything that
 * was asked is found together.
 */
export class FactFinder {
  private conditions: AskedCondition[] = [];
  private expressions: WaitingExpression[] = [];
  private flushing = false;
  private failure?: { error: unknown };
  private readonly failed: (() => void)[] = [];
  private readonly known = new Map<number, ProfileDocument | undefined>();

  constructor(
    private readonly sources: FactSources,
    private readonly workspaceId: string,
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
  async document(person: number): Promise<ProfileDocument | undefined> {
    if (!this.known.has(person)) await this.read([person]);
    return this.known.get(person);
  }

  /** Read the documents of persons beforehand. */
  async read(persons: readonly number[]): Promise<void> {
    const missing = [...new Set(persons)].filter((person) => !this.known.has(person));
    if (missing.length === 0) return;
    const found = await this.sources.database.tx(this.workspaceId, (tx) =>
      this.sources.profiles.documents(tx, missing),
    );
    for (const person of missing) this.known.set(person, found.get(person));
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
    if (ask.kind === 'zone') return { visit, zone: await this.zone(instance.person, ask.trait) };
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

  private async zone(person: number, trait: string | undefined): Promise<string> {
    if (trait === undefined) return this.plan.zone;
    const profile = await this.document(person);
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
    const { conditions, expressions } = this;
    [this.conditions, this.expressions] = [[], []];
    try {
      await Promise.all([this.askConditions(conditions), this.askExpressions(expressions)]);
    } catch (error) {
      this.failure ??= { error };
      for (const tell of this.failed) tell();
    }
  }

  private async askConditions(asked: readonly AskedCondition[]): Promise<void> {
    if (asked.length === 0) return;
    const answers = await this.sources.database.tx(this.workspaceId, (tx) =>
      this.sources.conditions.holds(
        tx,
        asked.map(({ person, condition, at }) => ({ person, condition, at: new Date(at) })),
      ),
    );
    asked.forEach(({ told }, index) => told(answers[index]!));
  }

  private async askExpressions(asked: readonly WaitingExpression[]): Promise<void> {
    if (asked.length === 0) return;
    await this.read(asked.map(({ instance }) => instance.person));
    const groups = new Map<string, WaitingExpression[]>();
    for (const one of asked) {
      const group = groups.get(one.expression);
      if (group) group.push(one);
      else groups.set(one.expression, [one]);
    }
    await Promise.all([...groups].map(([expression, group]) => this.run(expression, group)));
  }

  private async run(expression: string, group: readonly WaitingExpression[]): Promise<void> {
    const results = await this.sources.mappings.run(
      expression,
      group.map(({ instance, at, ...rest }) =>
        inputDocument(instance, this.known.get(instance.person), this.plan, at, rest),
      ),
      { bindings: group.map(({ seed, at }) => ({ seed, at: new Date(at) })) },
    );
    group.forEach(({ told }, index) => {
      const result = results[index]!;
      told('error' in result ? { error: result.error } : { value: result.output });
    });
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
