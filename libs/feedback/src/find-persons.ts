import type { MessageEvent } from '@percorso/plugin-kit';
import { comparableAddress, namespaceOf } from '@percorso/delivery';
import type { Transaction } from '@percorso/storage';
import type { Who } from './message-item';

interface Found {
  at: number;
  namespace: string;
  value: string;
}

/**
 * Whom each event is about: the person of the effect it names, else of the address. Events about nobody the hub knows
 * are missing from the answer.
 */
export async function findPersons(
  tx: Transaction,
  connectorId: string,
  events: readonly MessageEvent[],
): Promise<Map<MessageEvent, Who>> {
  const { rows } = await tx.query<Found>(
    `WITH fact AS (
       SELECT * FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
         AS f (at, effect_key, provider_id, namespace, address)
     ), person AS (
       SELECT f.at, coalesce(
         (SELECT n.person FROM effect e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.person
           WHERE e.workspace_id = $1 AND e.connector_id = $2 AND e.key = f.effect_key),
         (SELECT n.person FROM effect e JOIN identity_node n ON n.workspace_id = e.workspace_id AND n.node = e.person
           WHERE e.workspace_id = $1 AND e.connector_id = $2 AND e.provider_id = f.provider_id LIMIT 1),
         (SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = f.namespace AND value = f.address)
       ) AS person FROM fact f
     )
     SELECT DISTINCT ON (p.at) p.at, n.namespace, n.value FROM person p
     JOIN identity_node n ON n.workspace_id = $1 AND n.person = p.person AND n.namespace IN ('user_id', 'anonymous_id')
     ORDER BY p.at, n.namespace DESC, n.node`,
    [
      tx.workspaceId,
      connectorId,
      events.map((_, at) => at),
      events.map((event) => event.effectKey ?? null),
      events.map((event) => event.providerId ?? null),
      events.map((event) => namespaceOf(event.channel)),
      events.map((event) => comparableAddress(event.channel, event.address)),
    ],
  );
  return new Map(
    rows.map(({ at, namespace, value }) => [
      events[at]!,
      namespace === 'user_id' ? { userId: value } : { anonymousId: value },
    ]),
  );
}
