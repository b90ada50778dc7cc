import { Injectable } from '@nestjs/common';
import { ConnectorService } from '@percorso/connector';
import { MappingRunner } from '@percorso/mapping';
import { type FieldUse, findViolations, usageRules, type UsageViolation } from '@percorso/profile';
import { AudienceService } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';

/** An expression that sees profiles, and what to call it when it is at fault. */
export interface UsedExpression {
  expression: string;
  pointer: string;
}

export interface UsageVerdict {
  /** The rules' version it holds for. */
  version: number;
  violations: UsageViolation[];
}

const PROFILE = 'profile';

/** Whether what a sync looks at may go where it goes, by the labels and policies there are. */
@Injectable()
export class UsageCheck {
  constructor(
    private readonly runner: MappingRunner,
    private readonly audiences: AudienceService,
    private readonly connectors: ConnectorService,
  ) {}

  /** Have the answer for these at hand: reading an expression takes a process, which no transaction should wait for. */
  async prepare(expressions: readonly UsedExpression[]): Promise<void> {
    for (const { expression } of expressions) await this.runner.fieldsRead(expression);
  }

  async check(
    tx: Transaction,
    { audienceId, connectorId }: { audienceId: string; connectorId: string },
    expressions: readonly UsedExpression[],
  ): Promise<UsageVerdict> {
    const rules = await usageRules(tx);
    if (rules.labelled.length === 0) return { version: rules.version, violations: [] };
    const chosenBy = await this.audiences.fields(tx, audienceId);
    const uses: FieldUse[] = chosenBy.map((path) => ({ path, pointer: '/audience', chooses: true }));
    for (const one of expressions) uses.push(...(await this.usesOf(one)));
    const actions = await this.connectors.usage(tx, connectorId);
    return { version: rules.version, violations: findViolations(uses, rules, actions) };
  }

  private async usesOf({ expression, pointer }: UsedExpression): Promise<FieldUse[]> {
    const reads = await this.runner.fieldsRead(expression);
    return reads
      .filter(({ path }) => path.length === 0 || path[0] === PROFILE)
      .map(({ path, position }) => ({
        path: path.slice(1),
        pointer,
        ...(position === undefined ? {} : { position }),
      }));
  }
}
