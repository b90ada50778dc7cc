import { Injectable } from '@nestjs/common';
import { PluginCatalog } from '@percorso/connector';
import { type NewEffect, outgoingPayload, type PayloadForm } from '@percorso/delivery';
import { Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import type { Command } from '../engine/protocol';
import { visitKey } from '../engine/visit-key';
import type { FactFinder } from './fact-finder';
import type { HeldOutcome, Moved } from './turn';

type Delivery = Extract<Command, { kind: 'deliver' }>;

/** What steps want delivered: effects to be recorded, and outcomes of what cannot even be that. */
export interface PlannedMessages {
  effects: NewEffect[];
  refused: HeldOutcome[];
}

interface Form extends PayloadForm {
  operation: 'send' | 'upsert';
}

/** What is known of a connector, or why nothing can be sent by it. */
type Target = { form: Form } | { unusable: { code: string; reason: string } } | 'gone';

/** Makes of what steps want delivered what delivery takes, with payloads mapped and frozen. */
@Injectable()
export class MessagePlanner {
  constructor(
    private readonly database: Database,
    private readonly plugins: PluginCatalog,
  ) {}

  async plan(workspaceId: string, moved: readonly Moved[], facts: FactFinder): Promise<PlannedMessages> {
    const wanted = moved.flatMap((one) =>
      one.commands.flatMap(({ command, at }) => (command.kind === 'deliver' ? [{ one, command, at }] : [])),
    );
    if (wanted.length === 0) return { effects: [], refused: [] };
    const targets = await this.targets(
      workspaceId,
      new Set(wanted.map(({ command }) => command.connectorId)),
    );
    const planned: PlannedMessages = { effects: [], refused: [] };
    await Promise.all(
      wanted.map(async ({ one, command, at }) => {
        const target = targets.get(command.connectorId) ?? 'gone';
        if (target === 'gone') planned.refused.push(gone(one, command, at));
        else planned.effects.push(await this.effect(one, command, at, target, facts));
      }),
    );
    return planned;
  }

  private async effect(
    { instance }: Moved,
    { connectorId, content, context, priority, visit }: Delivery,
    at: number,
    target: Exclude<Target, 'gone'>,
    facts: FactFinder,
  ): Promise<NewEffect> {
    const { person, profileId } = instance;
    const common = {
      key: visitKey(instance, visit),
      connectorId,
      person,
      profileId,
      priority,
      // Reactions of its steps wait for what becomes of it, or may yet.
      watched: true,
      changedAt: new Date(at),
    };
    if ('unusable' in target) return { ...common, operation: 'send', dropped: target.unusable };
    const { operation, ...form } = target.form;
    const seed = `${instance.id}:${visit}`;
    const given = await facts.evaluate({
      expression: content.jsonata,
      instance: { ...instance, context },
      at,
      seed,
    });
    const mapped = 'error' in given ? given : { output: given.value };
    return { ...common, operation, ...outgoingPayload(mapped, form) };
  }

  private async targets(workspaceId: string, ids: ReadonlySet<string>): Promise<Map<string, Target>> {
    const rows = await this.database.statement<{ id: string; plugin: string }>(
      workspaceId,
      'SELECT id, plugin_id AS plugin FROM connector WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
      [workspaceId, [...ids]],
    );
    return new Map(
      await Promise.all(
        rows.map(async ({ id, plugin }) => [id, await this.target(workspaceId, plugin)] as const),
      ),
    );
  }

  private async target(workspaceId: string, plugin: string): Promise<Target> {
    try {
      const { manifest } = await this.plugins.get(workspaceId, plugin);
      const { kind, channel, addressPointer, required = [] } = manifest;
      return {
        form: {
          operation: kind === 'messaging' ? 'send' : 'upsert',
          channel,
          addressPointer,
          required: [...new Set([...(addressPointer === undefined ? [] : [addressPointer]), ...required])],
        },
      };
    } catch (error) {
      // A plugin that is disabled or missing; anything else may pass.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      return { unusable: { code: error.code, reason: error.title } };
    }
  }
}

const gone = ({ instance }: Moved, { visit }: Delivery, at: number): HeldOutcome => ({
  kind: 'outcome',
  at,
  instanceId: instance.id,
  visit,
  outcome: { status: 'dropped', code: 'connector-gone' },
});
