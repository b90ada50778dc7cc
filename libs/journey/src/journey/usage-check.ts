import { Injectable } from '@nestjs/common';
import { ConnectorService } from '@percorso/connector';
import { MappingRunner } from '@percorso/mapping';
import { type FieldUse, findViolations, usageRules, type UsageViolation } from '@percorso/profile';
import { AudienceService } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { type Places, placesOf } from '../definition/places';
import { contentOf, readsOf, rememberedBy } from './context-uses';
import { JumpUsageCheck } from './usage-of-jumps';

export interface UsageVerdict {
  /** The rules' version it holds for. */
  version: number;
  violations: UsageViolation[];
}

/** Whether what a journey looks at may go where it goes, by the labels and policies there are. */
@Injectable()
export class JourneyUsageCheck {
  constructor(
    private readonly runner: MappingRunner,
    private readonly audiences: AudienceService,
    private readonly connectors: ConnectorService,
    private readonly jumps: JumpUsageCheck,
  ) {}

  /** Have the answers at hand: reading an expression takes a process, which no transaction should wait for. */
  async prepare(journey: JourneyDefinition): Promise<void> {
    await Promise.all(
      placesOf(journey).expressions.map(({ expression }) => this.runner.fieldsRead(expression)),
    );
  }

  /**
   * Pointers of violations are into the definition. Connectors that are not there any more are left out.
   * @param self the journey's id, where what others give it is to be looked at, too
   */
  async check(tx: Transaction, journey: JourneyDefinition, self?: string): Promise<UsageVerdict> {
    const rules = await usageRules(tx);
    if (rules.labelled.length === 0) return { version: rules.version, violations: [] };
    const places = placesOf(journey);
    const choosing = await this.choosing(tx, places);
    const remembered = await rememberedBy(this.runner, places);
    const violations: UsageViolation[] = [];
    for (const connector of places.connectors) {
      const { fields, context } = await readsOf(this.runner, contentOf(places, connector));
      const uses = [...fields, ...(context ? remembered : []), ...choosing];
      violations.push(...findViolations(uses, rules, await this.connectors.usage(tx, connector.id)));
    }
    violations.push(...(await this.jumps.check(tx, journey, self, rules)));
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
      uses.push(...(await readsOf(this.runner, one)).fields.map((use) => ({ ...use, chooses: true })));
    }
    return uses;
  }
}

/** Told once, however many steps send what breaks the policy. */
const distinct = (violations: readonly UsageViolation[]): UsageViolation[] => [
  ...new Map(violations.map((one) => [JSON.stringify([one.pointer, one.field, one.policy]), one])).values(),
];
