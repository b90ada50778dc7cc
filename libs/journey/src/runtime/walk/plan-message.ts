import { type NewEffect, outgoingPayload, type PayloadForm } from '@percorso/delivery';
import type { Instance } from '../../engine/instance';
import type { Command } from '../../engine/protocol';
import { visitKey } from '../../engine/visit-key';
import type { FactFinder } from './fact-finder';

export type Delivery = Extract<Command, { kind: 'deliver' }>;

/** What is known of a connector that can be used, or why it cannot. */
export type Target = { form: PayloadForm } | { unusable: { code: string; reason: string } };

/** What of a manifest says where payloads hold what cannot be missing. */
export interface Addressing {
  channel?: string;
  addressPointer?: string;
  required?: readonly string[];
}

/** A payload without its address is not worth sending. */
export const formOf = ({ channel, addressPointer, required = [] }: Addressing): PayloadForm => ({
  channel,
  addressPointer,
  required: [...new Set([...(addressPointer === undefined ? [] : [addressPointer]), ...required])],
});

/** What a step wants delivered, mapped and frozen. */
export async function planMessage(
  instance: Instance,
  { connectorId, content, context, priority, visit, call, watched }: Delivery,
  at: number,
  target: Target,
  facts: Pick<FactFinder, 'evaluate'>,
): Promise<NewEffect> {
  const { person, profileId } = instance;
  const common = {
    key: visitKey(instance, visit),
    connectorId,
    person,
    profileId,
    priority,
    operation: call ? ('call' as const) : ('send' as const),
    watched,
    changedAt: new Date(at),
  };
  if ('unusable' in target) return { ...common, dropped: target.unusable };
  const given = await facts.evaluate({
    expression: content.jsonata,
    instance: { ...instance, context },
    at,
    seed: `${instance.id}:${visit}`,
  });
  const mapped = 'error' in given ? given : { output: given.value };
  return { ...common, ...outgoingPayload(mapped, target.form) };
}
