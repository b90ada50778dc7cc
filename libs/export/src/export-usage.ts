import { Injectable } from '@nestjs/common';
import { type FieldUse, findViolations, usageProblem, usageRules } from '@percorso/profile';
import { AudienceService } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { Field } from './field-selection';

/** Who pulls an audience is somebody else, and does with it what nobody here sees. */
const ACTIONS = ['export', 'third-party'];

/** Whether usage policies let an audience be pulled with these fields. */
@Injectable()
export class ExportUsage {
  constructor(private readonly audiences: AudienceService) {}

  /** @throws Problem 403 */
  async assertAllowed(
    tx: Transaction,
    { audienceId, fields }: { audienceId: string; fields: readonly Field[] },
  ): Promise<void> {
    const rules = await usageRules(tx);
    if (rules.labelled.length === 0) return;
    const told: FieldUse[] = fields.map(({ name }) => ({ path: name.split('.'), pointer: 'fields' }));
    const chosenBy = await this.audiences.fields(tx, audienceId);
    const uses = [...told, ...chosenBy.map((path) => ({ path, pointer: 'id', chooses: true }))];
    const violations = findViolations(uses, rules, ACTIONS);
    if (violations.length > 0) throw usageProblem(violations, 403);
  }
}
