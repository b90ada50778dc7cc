import { Injectable } from '@nestjs/common';
import type { ErasurePlace, OpenErasure, PlaceStep } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';

const MINE = `e.workspace_id = $1 AND e.person = ANY($2::int[])
  AND (e.sync_id = ANY(ARRAY(SELECT id FROM sync WHERE workspace_id = $1)) OR e.sync_id IS NULL)`;

const OPEN = `(e.state IN ('pending', 'sending') OR (e.state = 'unknown' AND e.due_at < 'infinity'))`;

/** Its sync has not told the exit yet, so the newest payload that reached the target is what a removal needs. */
const NEEDED = `EXISTS (
    SELECT FROM sync s JOIN membership m ON m.workspace_id = s.workspace_id AND m.audience_id = s.audience_id
    WHERE s.workspace_id = e.workspace_id AND s.id = e.sync_id AND m.person = e.person AND NOT m.member
      AND NOT EXISTS (SELECT FROM effect x WHERE x.workspace_id = e.workspace_id AND x.sync_id = e.sync_id
        AND x.person = e.person AND x.membership_version = m.version))
  AND (e.state IN ('accepted', 'unknown') OR e.doubtful_since IS NOT NULL)
  AND NOT EXISTS (SELECT FROM effect n WHERE n.workspace_id = e.workspace_id AND n.sync_id = e.sync_id
    AND n.person = e.person AND (n.membership_version, n.revision) > (e.membership_version, e.revision)
    AND (n.state IN ('pending', 'sending', 'accepted', 'unknown') OR n.doubtful_since IS NOT NULL))`;

const REDACT = `UPDATE effect e SET payload = NULL, content_hash = NULL, address = NULL, reason = NULL, provider_id = NULL,
    response = NULL
  WHERE ${MINE} AND NOT ${OPEN} AND NOT (${NEEDED})
    AND (payload IS NOT NULL OR content_hash IS NOT NULL OR address IS NOT NULL OR reason IS NOT NULL
      OR provider_id IS NOT NULL OR response IS NOT NULL)`;

const FORGET_EXCHANGES = `DELETE FROM exchange WHERE workspace_id = $1 AND id = ANY(ARRAY(
  SELECT x.exchange_id FROM effect_exchange x JOIN effect e ON e.workspace_id = x.workspace_id AND e.id = x.effect_id
  WHERE ${MINE}))`;

/**
 * Frozen payloads of the effect ledger. What a campaign system was told last is kept until the removal has been planned,
 * the removal's own payload until it is settled; all else goes at once.
 */
@Injectable()
export class EffectPlace implements ErasurePlace {
  readonly name = 'effects';

  async step(tx: Transaction, erasure: OpenErasure): Promise<PlaceStep> {
    const values = [tx.workspaceId, erasure.persons];
    const { rowCount } = await tx.query(REDACT, values);
    const count = rowCount ?? 0;
    // An exchange with others' rows in it goes for all of them: their texts cannot be told apart.
    await tx.query(FORGET_EXCHANGES, values);
    if (erasure.persons.length === 0) return { count, state: 'done' };
    const { rows } = await tx.query<{ open: boolean; needed: boolean; planning: boolean }>(
      `SELECT
         EXISTS (SELECT FROM effect e WHERE ${MINE} AND ${OPEN}) AS open,
         EXISTS (SELECT FROM effect e WHERE ${MINE} AND ${NEEDED}) AS needed,
         EXISTS (SELECT FROM sync_run r WHERE r.workspace_id = $1 AND r.state = 'planning' AND r.created_at <= $3)
           AS planning`,
      [...values, erasure.requestedAt],
    );
    const waitingFor = reasonOf(rows[0]!);
    return waitingFor === undefined ? { count, state: 'done' } : { count, state: 'waiting', waitingFor };
  }
}

function reasonOf(left: { open: boolean; needed: boolean; planning: boolean }): string | undefined {
  if (left.open) return 'removals and calls that are on their way';
  if (left.needed) return 'removals from campaign systems that are being planned';
  // It may have read the person before the erasure, and record what it read.
  return left.planning ? 'a run that was being planned when the erasure began' : undefined;
}
