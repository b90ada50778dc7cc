import { Injectable } from '@nestjs/common';
import { ConnectorService } from '@percorso/connector';
import { MappingRunner } from '@percorso/mapping';
import { type FieldUse, findViolations, usageRules, type UsageViolation } from '@percorso/profile';
import { AudienceService } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { type Places, placesOf } from '../definition/places';

export interface UsageVerdict {
  /** The rules' version it holds for. */
  version: number;
  violations: UsageViolation[];
}

/** What an expression reads: fields of the profile, and whether anything that other steps have put into the context. */
interface Reads {
  fields: FieldUse[];
  context: boolean;
}

/** Whether what a journey looks at may go where it goes, by the labels and policies there are. */
@Injectable()
export class JourneyUsageCheck {
  constructor(
    private readonly runner: MappingRunner,
    private readonly audiences: AudienceService,
    private readonly connectors: ConnectorService,
  ) {}

  /** Have the answers at hand: reading an expression takes a process, which no transaction should wait for. */
  async prepare(journey: JourneyDefinition): Promise<void> {
    await Promise.all(
      placesOf(journey).expressions.map(({ expression }) => this.runner.fieldsRead(expression)),
    );
  }

  /** Pointers of violations are into the definition. Connectors that are not there any more are left out. */
  async check(tx: Transaction, journey: JourneyDefinition): Promise<UsageVerdict> {
    const rules = await usageRules(tx);
    if (rules.labelled.length === 0) return { version: rules.version, violations: [] };
    const places = placesOf(journey);
    const choosing = await this.choosing(tx, places);
    const remembered = await this.remembered(places);
    const violations: UsageViolation[] = [];
    for (const { id, pointer } of places.connectors) {
      const content = `${pointer.slice(0, pointer.lastIndexOf('/'))}/content/jsonata`;
      const told = places.expressions.find((one) => one.pointer === content)!;
      const { fields, context } = await this.readsOf(told);
      const uses = [...fields, ...(context ? remembered : []), ...choosing];
      violations.push(...findViolations(uses, rules, await this.connectors.usage(tx, id)));
    }
    return { version: rules.version, violations: distinct(violations) };
  }

  /** Who is meant follows from conditions, audiences, and what branches and loops ask. */
  private async choosing(
    tx: Transaction,
    { conditions, audiences, expressions }: Places,
  ): Promise<FieldUse[]> {
    const uses: FieldUse[] = [];
    for (const { pointer, condition } of conditions) {
      const { fields } = await this.audiences.checkCondition(tx, condition);
      uses.push(...fields.map((path) => ({ path, pointer, chooses: true })));
    }
    for (const { pointer, id } of audiences) {
      const fields = await this.audiences.fields(tx, id);
      uses.push(...fields.map((path) => ({ path, pointer, chooses: true })));
    }
    for (const one of expressions.filter(({ pointer }) => /\/(where|while)\/jsonata$/.test(pointer))) {
      uses.push(...(await this.readsOf(one)).fields.map((use) => ({ ...use, chooses: true })));
    }
    return uses;
  }

  /** What steps put into the context may go out wherever the context is read. */
  private async remembered({ expressions }: Places): Promise<FieldUse[]> {
    const kept = expressions.filter(({ pointer }) =>
      /^\/steps\/[^/]+\/(update\/context|call\/into)\//.test(pointer),
    );
    return (await Promise.all(kept.map((one) => this.readsOf(one)))).flatMap(({ fields }) => fields);
  }

  private async readsOf({ expression, pointer }: Places['expressions'][number]): Promise<Reads> {
    const reads = await this.runner.fieldsRead(expression);
    const fields = reads
      .filter(({ path }) => path.length === 0 || path[0] === 'profile')
      .map(({ path, position }) => ({
        path: path.slice(1),
        pointer,
        ...(position === undefined ? {} : { position }),
      }));
    return { fields, context: reads.some(({ path }) => path.length === 0 || path[0] === 'context') };
  }
}

/** Told once, however many steps send what breaks the policy. */
const distinct = (violations: readonly UsageViolation[]): UsageViolation[] => [
  ...new Map(violations.map((one) => [JSON.stringify([one.pointer, one.field, one.policy]), one])).values(),
];
