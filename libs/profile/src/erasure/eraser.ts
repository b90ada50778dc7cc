import { Inject, Injectable } from '@nestjs/common';
import { Clock, CLOCK } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { ERASURE_PLACES, ErasurePlace, OpenErasure, PlaceStep } from './erasure-place';

/** Until a place that waits, or whose step failed, is looked at again. */
const LATER_MS = 5_000;

interface Claimed extends OpenErasure {
  place: string;
  progress: unknown;
}

/** Carries erasures out, one short transaction at a time; a crash costs the step in hand, which is done again. */
@Injectable()
export class Eraser {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ERASURE_PLACES) private readonly places: readonly ErasurePlace[],
  ) {}

  /** One step of one erasure. @returns whether there was one to take */
  async turn(workspaceId: string): Promise<boolean> {
    const now = this.clock.now();
    let claimed: Claimed | undefined;
    try {
      return await this.database.tx(workspaceId, async (tx) => {
        claimed = await this.claim(tx, now);
        if (!claimed) return false;
        const place = this.places.find(({ name }) => name === claimed!.place)!;
        await note(tx, claimed, await place.step(tx, claimed, claimed.progress), now);
        return true;
      });
    } catch (error) {
      if (claimed) await this.database.tx(workspaceId, (tx) => postpone(tx, claimed!, now));
      throw error;
    }
  }

  /** The place that was looked at longest ago; its row is locked, so that no other process takes the same step. */
  private async claim(tx: Transaction, now: Date): Promise<Claimed | undefined> {
    const { rows } = await tx.query<Claimed>(
      `SELECT e.id, e.persons, e.requested_at AS "requestedAt", p.place, p.progress
       FROM erasure_place p JOIN erasure e ON e.workspace_id = p.workspace_id AND e.id = p.erasure_id
       WHERE p.workspace_id = $1 AND p.state <> 'done' AND p.look_at <= $2 AND p.place = ANY($3::text[])
       ORDER BY p.look_at LIMIT 1 FOR UPDATE OF p SKIP LOCKED`,
      [tx.workspaceId, now, this.places.map(({ name }) => name)],
    );
    return rows[0];
  }
}

const later = (now: Date): Date => new Date(now.getTime() + LATER_MS);

async function note(tx: Transaction, claimed: Claimed, step: PlaceStep, now: Date): Promise<void> {
  const { count, state, progress, waitingFor } = step;
  await tx.query(
    `UPDATE erasure_place SET state = $4, count = count + $5, progress = $6, waiting_for = $7, look_at = $8, done_at = $9
     WHERE workspace_id = $1 AND erasure_id = $2 AND place = $3`,
    [
      tx.workspaceId,
      claimed.id,
      claimed.place,
      state === 'more' ? 'pending' : state,
      count,
      state !== 'done' && progress ? JSON.stringify(progress) : null,
      state === 'waiting' ? (waitingFor ?? null) : null,
      state === 'waiting' ? later(now) : now,
      state === 'done' ? now : null,
    ],
  );
}

async function postpone(tx: Transaction, { id, place }: Claimed, now: Date): Promise<void> {
  await tx.query(
    'UPDATE erasure_place SET look_at = $4 WHERE workspace_id = $1 AND erasure_id = $2 AND place = $3',
    [tx.workspaceId, id, place, later(now)],
  );
}
