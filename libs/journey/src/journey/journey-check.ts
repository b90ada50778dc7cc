import { Injectable } from '@nestjs/common';
import { type FieldError, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { holdUsageRules, usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { arrangeJourney } from '../definition/arrange-journey';
import { endlessJumps } from '../definition/endless-jumps';
import type { JourneyDefinition } from '../definition/definition';
import { hastyCalls } from '../definition/hasty-calls';
import { parseJourney } from '../definition/parse-journey';
import { placesOf } from '../definition/places';
import { ReferenceCheck } from './reference-check';
import { JourneyUsageCheck, type UsageVerdict } from './usage-check';

/** A definition that was read: what it says, and as it is kept. */
export interface ReadJourney {
  journey: JourneyDefinition;
  source: object;
}

/** Whether a journey can be walked: well written, its expressions compile, what it names is there and may be used so. */
@Injectable()
export class JourneyCheck {
  constructor(
    private readonly database: Database,
    private readonly runner: MappingRunner,
    private readonly references: ReferenceCheck,
    private readonly usage: JourneyUsageCheck,
  ) {}

  /** Everything that is wrong with a definition, by pointers into it. */
  async mistakes(workspaceId: string, json: object, self?: string): Promise<FieldError[]> {
    const read = await this.read(json, self);
    if ('errors' in read) return read.errors;
    return this.database.tx(workspaceId, async (tx) => {
      const errors = await this.references.mistakes(tx, read.journey, self);
      if (errors.length > 0) return errors;
      const { violations } = await this.usage.check(tx, read.journey, self);
      return violations.length > 0 ? (usageProblem(violations).errors ?? []) : [];
    });
  }

  /** What needs no transaction. @param at where the definition is in the request @throws Problem 422 */
  async require(json: object, at: string, self?: string): Promise<ReadJourney> {
    const read = await this.read(json, self);
    if ('errors' in read) throw refusal(read.errors, at);
    return read;
  }

  /** What it refers to, in the transaction that relies on it. @throws Problem 422 */
  async requireReferences(
    tx: Transaction,
    journey: JourneyDefinition,
    at: string,
    self?: string,
  ): Promise<void> {
    const errors = await this.references.mistakes(tx, journey, self);
    if (errors.length > 0) throw refusal(errors, at);
  }

  /** Until the transaction ends the rules stay as they are. @throws Problem 422 naming what bars it */
  async requireUsage(
    tx: Transaction,
    journey: JourneyDefinition,
    at: string,
    self: string,
  ): Promise<UsageVerdict> {
    await holdUsageRules(tx);
    const verdict = await this.usage.check(tx, journey, self);
    if (verdict.violations.length > 0) {
      throw usageProblem(verdict.violations.map((one) => ({ ...one, pointer: at + one.pointer })));
    }
    return verdict;
  }

  private async read(json: object, self?: string): Promise<ReadJourney | { errors: FieldError[] }> {
    const parsed = parseJourney(json);
    if (!parsed.ok) return parsed;
    const { journey } = parsed;
    const errors = [
      ...hastyCalls(journey),
      ...endlessJumps(journey, self),
      ...(await this.uncompiled(journey)),
    ];
    if (errors.length > 0) return { errors };
    await this.usage.prepare(journey);
    return { journey, source: arrangeJourney(json) };
  }

  private async uncompiled(journey: JourneyDefinition): Promise<FieldError[]> {
    const checked = await Promise.all(
      placesOf(journey).expressions.map(async ({ pointer, expression }) => {
        const result = await this.runner.compileCheck(expression);
        if (result.valid) return [];
        return result.errors.map(({ code, message, position }) => ({
          pointer,
          code,
          message: position === undefined ? message : `${message} (at character ${position})`,
        }));
      }),
    );
    return checked.flat();
  }
}

const refusal = (errors: readonly FieldError[], at: string): Problem =>
  Problem.invalid(
    errors.map((error) => ({ ...error, pointer: at + error.pointer })),
    'The journey has mistakes.',
  );
