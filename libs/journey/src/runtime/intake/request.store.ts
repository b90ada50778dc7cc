import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { EntryRequest } from './arrivals';
import type { Decision } from '../walk/turn';
import { storableJson } from '../keep/storable-json';

/** Who is to enter, as it is asked for. */
export interface NewRequest extends Omit<EntryRequest, 'n' | 'answered'> {
  /** Of a call that waits for what is decided. */
  batch?: { id: string; item: number };
}

/** Requests to enter, until they are decided; those of the API are kept for who waits. */
@Injectable()
export class RequestStore {
  add(tx: Transaction, requests: readonly NewRequest[]): void {
    if (requests.length === 0) return;
    tx.send(
      `INSERT INTO journey_request (workspace_id, journey_id, person, kind, key, context, hops, at, batch, item)
       SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::jsonb[], $7::int[], $8::timestamptz[],
         $9::uuid[], $10::int[])`,
      [
        tx.workspaceId,
        requests.map(({ journeyId }) => journeyId),
        requests.map(({ person }) => person),
        requests.map(({ kind }) => kind),
        requests.map(({ key }) => key),
        requests.map(({ context }) => storableJson(context)),
        requests.map(({ hops = 0 }) => hops),
        requests.map(({ at }) => at),
        requests.map(({ batch }) => batch?.id ?? null),
        requests.map(({ batch }) => batch?.item ?? null),
      ],
    );
  }

  /** Those of a share's persons that wait, as the persons are by now. */
  async open(
    tx: Transaction,
    { partitions, of }: { partitions: readonly number[]; of: number },
    limit: number,
  ): Promise<EntryRequest[]> {
    const { rows } = await tx.query<EntryRequest>(
      `SELECT r.n, r.journey_id AS "journeyId", coalesce(node.person, r.person) AS person, r.kind, r.key, r.context, r.hops, r.at,
         r.batch IS NOT NULL AS answered
       FROM journey_request r
       LEFT JOIN identity_node node ON node.workspace_id = r.workspace_id AND node.node = r.person
       WHERE r.workspace_id = $1 AND r.code IS NULL AND coalesce(node.person, r.person) % $2 = ANY($3::int[])
       ORDER BY r.n LIMIT $4`,
      [tx.workspaceId, of, partitions, limit],
    );
    return rows;
  }

  /** @returns how many were open still */
  async decide(tx: Transaction, decisions: readonly Decision[]): Promise<number> {
    if (decisions.length === 0) return 0;
    const { rowCount } = await tx.query(
      `WITH decided AS (
         SELECT * FROM unnest($2::bigint[], $3::text[], $4::uuid[]) AS d (n, code, instance_id)
       ), told AS (
         UPDATE journey_request r SET code = d.code, instance_id = d.instance_id FROM decided d
         WHERE r.workspace_id = $1 AND r.n = d.n AND r.code IS NULL AND r.batch IS NOT NULL RETURNING r.n
       ), gone AS (
         DELETE FROM journey_request r USING decided d
         WHERE r.workspace_id = $1 AND r.n = d.n AND r.batch IS NULL RETURNING r.n
       ) SELECT n FROM told UNION ALL SELECT n FROM gone`,
      [
        tx.workspaceId,
        decisions.map(({ n }) => n),
        decisions.map(({ code }) => code),
        decisions.map(({ instanceId }) => instanceId ?? null),
      ],
    );
    return rowCount ?? 0;
  }
}
