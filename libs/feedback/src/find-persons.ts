import type { MessageEvent } from '@percorso/plugin-kit';
import { comparableAddress, namespaceOf } from '@percorso/delivery';
import type { Transaction } from '@percorso/storage';

/** As the hub's own events name persons. */
export interface Who {
  userId?: string;
  anonymousId?: string;
}

interface Found {
  at: number;
  key: string | null;
  namespace: string;
  value: string;
}

/** Whom a provider's fact is about, and which message. */
export interface About {
  who: Who;
  /** Key of the effect that sent the message, where the hub knows it. */
  effectKey?: string;
}

/**
 * Whom each event is about: the person of the effect it names, else of the address. Events about nobody the hub knows
 * are missing from the answer.
 */
export async function findPersons(
  tx: Transaction,
  connectorId: string,
  events: readonly MessageEvent[],
): Promise<Map<MessageEvent, About>> {
  const { rows } = await tx.query<Found>(
    `WITH fact AS (
       SELECT * FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
         AS f (at, effect_key, provider_id, namespace, address)
     ), message AS (
       SELECT f.*, e.key, e.person AS node FROM fact f LEFT JOIN LATERAL (
         (SELECT key, person FROM effect
           WHERE workspace_id = $1 AND connector_id = $2 AND key = f.effect_key)
         UNION ALL
         (SELECT key, person FROM effect
           WHERE workspace_id = $1 AND connector_id = $2 AND provider_id = f.provider_id LIMIT 1)
         LIMIT 1) e ON true
     ), person AS (
       SELECT m.at, m.key, coalesce(
         (SELECT person FROM identity_node WHERE workspace_id = $1 AND node = m.node),
         (SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = m.namespace AND value = m.address)
       ) AS person FROM message m
     )
     SELECT DISTINCT ON (p.at) p.at, p.key, n.namespace, n.value FROM person p
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
    rows.map(({ at, key, namespace, value }) => {
      const who = namespace === 'user_id' ? { userId: value } : { anonymousId: value };
      return [events[at]!, key === null ? { who } : { who, effectKey: key }];
    }),
  );
}
