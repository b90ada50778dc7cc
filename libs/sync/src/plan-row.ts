import { pointerStep } from '@percorso/access';
import type { ConnectorDescription } from '@percorso/connector';
import type { NewEffect, Reason } from '@percorso/delivery';
import type { MappingResult } from '@percorso/mapping';

/** The newest change of one member that a page of a run saw. */
export interface Change {
  person: number;
  profileId: string;
  op: 'enter' | 'exit';
  version: number;
  since: Date;
  /** Left by being erased: nothing of the profile remains to be mapped. */
  erased?: boolean;
  /** Left by becoming part of another profile. */
  merged?: boolean;
}

/** What this sync last told the target about the person. */
export interface LastEffect {
  /** Told as a member; versions of a membership are odd when entered. */
  entered: boolean;
  payload: object | null;
}

/** What of a connector decides how a row is told. */
export type Connector = Pick<
  ConnectorDescription,
  'kind' | 'capabilities' | 'channel' | 'addressPointer' | 'required'
>;

export type Plan = Pick<NewEffect, 'operation' | 'payload' | 'channel' | 'address' | 'dropped'>;

/** How a connector is told of a member. */
export const enteringOperation = ({ kind }: Pick<ConnectorDescription, 'kind'>): 'send' | 'upsert' =>
  kind === 'messaging' ? 'send' : 'upsert';

/**
 * What becomes of a member: a payload to deliver, or the reason there is none.
 * @param removes whether who leaves is removed where the exit mapping says nothing; who is erased always is
 */
export function planRow(
  change: Change,
  result: MappingResult | undefined,
  required: readonly string[],
  connector: Connector,
  last: LastEffect | undefined,
  removes = true,
): Plan {
  const entering = enteringOperation(connector);
  if (change.op === 'exit' && !last?.entered) {
    return drop(entering, { code: 'never-entered', reason: 'Nothing was sent when the member entered.' });
  }
  const asked = change.erased || (removes && (change.merged || asksForRemoval(result)));
  if (change.op === 'exit' && asked && connector.capabilities.remove && last?.payload) {
    return { operation: 'remove', payload: last.payload };
  }
  if (!result) return drop(entering, GONE);
  if ('error' in result) return drop(entering, { code: result.error.code, reason: result.error.message });
  const { output } = result;
  if (output === undefined || output === null) {
    return drop(entering, { code: 'no-output', reason: 'The mapping gave nothing for this profile.' });
  }
  if (typeof output !== 'object' || Array.isArray(output)) {
    return drop(entering, { code: 'not-an-object', reason: 'The mapping must give an object.', pointer: '' });
  }
  const payload = output as Record<string, unknown>;
  const missing = [...required.map(pointerStep), ...connector.required].find((pointer) =>
    isMissing(valueAtPointer(payload, pointer)),
  );
  if (missing !== undefined) {
    const reason = 'A required field has no value.';
    return drop(entering, { code: 'missing-required', reason, pointer: missing });
  }
  return {
    operation: entering,
    payload,
    channel: connector.channel,
    address: addressIn(payload, connector.addressPointer),
  };
}

export const GONE: Reason = {
  code: 'profile-gone',
  reason: 'The profile was erased or merged into another.',
};

export const drop = (operation: Plan['operation'], dropped: Reason): Plan => ({ operation, dropped });

/** An exit is a removal unless its mapping says what to write instead. */
const asksForRemoval = (result: MappingResult | undefined): boolean =>
  result !== undefined && 'output' in result && (result.output === undefined || result.output === null);

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
