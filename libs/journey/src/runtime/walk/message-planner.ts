import { Injectable } from '@nestjs/common';
import type { NewEffect } from '@percorso/delivery';
import type { FactFinder } from './fact-finder';
import { type Delivery, planMessage } from './plan-message';
import { TargetStore } from './target.store';
import type { HeldOutcome, Moved } from './turn';

/** What steps want delivered: effects to be recorded, and outcomes of what cannot even be that. */
export interface PlannedMessages {
  effects: NewEffect[];
  refused: HeldOutcome[];
}

/** Makes of what steps want delivered what delivery takes, with payloads mapped and frozen. */
@Injectable()
export class MessagePlanner {
  constructor(private readonly targets: TargetStore) {}

  async plan(workspaceId: string, moved: readonly Moved[], facts: FactFinder): Promise<PlannedMessages> {
    const wanted = moved.flatMap((one) =>
      one.commands.flatMap(({ command, at }) => (command.kind === 'deliver' ? [{ one, command, at }] : [])),
    );
    if (wanted.length === 0) return { effects: [], refused: [] };
    const ids = new Set(wanted.map(({ command }) => command.connectorId));
    const targets = await this.targets.targets(workspaceId, [...ids]);
    const planned: PlannedMessages = { effects: [], refused: [] };
    await Promise.all(
      wanted.map(async ({ one, command, at }) => {
        const target = targets.get(command.connectorId);
        if (!target) planned.refused.push(gone(one, command, at));
        else planned.effects.push(await planMessage(one.instance, command, at, target, facts));
      }),
    );
    return planned;
  }
}

const gone = ({ instance }: Moved, { visit }: Delivery, at: number): HeldOutcome => ({
  kind: 'outcome',
  at,
  instanceId: instance.id,
  visit,
  outcome: { status: 'dropped', code: 'connector-gone' },
});
