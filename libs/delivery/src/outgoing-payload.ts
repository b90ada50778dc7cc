import { pointerStep } from '@percorso/access';
import type { NewEffect, Reason } from './effect';

/** What an expression made of a document, or why nothing. */
export type Mapped = { output: unknown } | { error: { code: string; message: string } };

/** Where a connector's payloads hold their address, and without what none is worth sending; RFC 6901. */
export interface PayloadForm {
  channel?: string;
  addressPointer?: string;
  required: readonly string[];
}

/** A payload to be frozen with where it goes, or the reason there is none. */
export type OutgoingPayload = Pick<NewEffect, 'payload' | 'channel' | 'address' | 'dropped'>;

/** @param fields top-level fields that it must have besides what the connector asks for */
export function outgoingPayload(
  mapped: Mapped,
  { channel, addressPointer, required }: PayloadForm,
  fields: readonly string[] = [],
): OutgoingPayload {
  if ('error' in mapped) return dropped({ code: mapped.error.code, reason: mapped.error.message });
  const { output } = mapped;
  if (output === undefined || output === null) {
    return dropped({ code: 'no-output', reason: 'The mapping gave nothing for this profile.' });
  }
  if (typeof output !== 'object' || Array.isArray(output)) {
    return dropped({ code: 'not-an-object', reason: 'The mapping must give an object.', pointer: '' });
  }
  const payload = output as Record<string, unknown>;
  const missing = [...fields.map(pointerStep), ...required].find((pointer) =>
    isMissing(valueAtPointer(payload, pointer)),
  );
  if (missing !== undefined) {
    return dropped({ code: 'missing-required', reason: 'A required field has no value.', pointer: missing });
  }
  return { payload, channel, address: addressIn(payload, addressPointer) };
}

const dropped = (reason: Reason): OutgoingPayload => ({ dropped: reason });

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';

function addressIn(payload: object, pointer: string | undefined): string | undefined {
  const value = pointer === undefined ? undefined : valueAtPointer(payload, pointer);
  return typeof value === 'string' ? value : undefined;
}

/** What an RFC 6901 pointer leads to. */
function valueAtPointer(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (at, step) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, step)
          ? (at as Record<string, unknown>)[step]
          : undefined,
      value,
    );
}
