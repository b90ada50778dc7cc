import type { Transaction } from '@percorso/storage';

/** Journeys that somebody is on or may enter, and that were not held against the newest rules. */
export async function uncheckedJourneys(tx: Transaction, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM journey WHERE workspace_id = $1 AND state NOT IN ('draft', 'stopped') AND deleted_at IS NULL
       AND usage_version <> (SELECT usage_version FROM workspace WHERE id = $1) ORDER BY id LIMIT $2`,
    [tx.workspaceId, limit],
  );
  return rows.map(({ id }) => id);
}

/** Definitions that somebody walks or will: the live one, and those of people inside whom no job takes off it. */
export async function versionsInUse(tx: Transaction, id: string): Promise<unknown[]> {
  const { rows } = await tx.query<{ definition: unknown }>(
    `SELECT v.definition FROM journey j JOIN journey_version v ON v.workspace_id = j.workspace_id AND v.journey_id = j.id
     WHERE j.workspace_id = $1 AND j.id = $2 AND (v.version = j.live_version OR EXISTS (
         SELECT FROM journey_instance i WHERE i.workspace_id = v.workspace_id AND i.journey_id = v.journey_id
           AND i.version = v.version AND i.state = 'active')
       AND NOT EXISTS (SELECT FROM journey_job b WHERE b.workspace_id = v.workspace_id AND b.journey_id = v.journey_id
         AND b.ended_at IS NULL AND b.to_version <> v.version))
     ORDER BY v.version`,
    [tx.workspaceId, id],
  );
  return rows.map(({ definition }) => definition);
}
