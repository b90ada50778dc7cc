import type { ConnectorDescription } from '@percorso/connector';
import { type NewEffect, outgoingPayload, type Reason } from '@percorso/delivery';
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
  return { operation: entering, ...outgoingPayload(result, connector, required) };
}

export const GONE: Reason = {
  code: 'profile-gone',
  reason: 'The profile was erased or merged into another.',
};

export const drop = (operation: Plan['operation'], dropped: Reason): Plan => ({ operation, dropped });

/** An exit is a removal unless its mapping says what to write instead. */
const asksForRemoval = (result: MappingResult | undefined): boolean =>
  result !== undefined && 'output' in result && (result.output === undefined || result.output === null);
