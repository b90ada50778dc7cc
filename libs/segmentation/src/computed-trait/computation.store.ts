import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** The right to compute one trait as a set, until the lease ends or another worker takes it with a higher fence. */
export interface ComputationLease {
  key: string;
  definitionVersion: number;
  backfilledVersion: number | null;
  fence: string;
  /** What had been asked for when it began. */
  asked: string;
  /** Whether values may be others than before by what was asked: what differs is no drift then. */
  moved: boolean;
}

/** The lease went to another worker, or the trait is another one now: whatever this one was about to write, it must not. */
export class ComputationLost extends Error {
  override readonly name = 'ComputationLost';
}

/** Longer than a set query may take; renewed with every page of values. */
const LEASE = `interval '150 seconds'`;

/** Which traits are to be computed as sets, and who is at it. */
@Injectable()
export class ComputationStore {
  /** Ask for traits to be computed as sets: what they look at has become another. */
  async ask(tx: Transaction, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await tx.query(
      `UPDATE computed_trait SET asked = asked + 1, moved = true WHERE workspace_id = $1 AND key = ANY($2::text[])`,
      [tx.workspaceId, keys],
    );
  }

  /** The same of those that look items of a lookup up. */
  async askLookingUp(tx: Transaction, lookup: string): Promise<void> {
    await tx.query(
      `UPDATE computed_trait t SET asked = asked + 1, moved = true FROM computed_trait_definition d
       WHERE t.workspace_id = $1 AND d.workspace_id = t.workspace_id AND d.key = t.key AND d.version = t.definition_version
         AND jsonb_path_exists(d.definition, '$.**.lookup ? (@ == $name)', jsonb_build_object('name', $2::text))`,
      [tx.workspaceId, lookup],
    );
  }

  /** Its definition is another one: whoever computes it begins anew. */
  async restart(tx: Transaction, key: string): Promise<void> {
    await tx.query(
      `UPDATE computed_trait SET asked = asked + 1, moved = true, fence = fence + 1, lease_until = NULL, error = NULL
       WHERE workspace_id = $1 AND key = $2`,
      [tx.workspaceId, key],
    );
  }

  /** Ask for those last computed before a moment, so that drift is found. */
  async askOverdue(tx: Transaction, before: Date, limit: number): Promise<void> {
    await tx.query(
      `UPDATE computed_trait SET asked = asked + 1 WHERE workspace_id = $1 AND key IN (
         SELECT key FROM computed_trait WHERE workspace_id = $1 AND state = 'active' AND asked = done
           AND computed_at < $2 ORDER BY computed_at LIMIT $3)`,
      [tx.workspaceId, before, limit],
    );
  }

  /** Traits that nobody works on and somebody should. */
  async waiting(tx: Transaction): Promise<string[]> {
    const { rows } = await tx.query<{ key: string }>(
      `SELECT key FROM computed_trait WHERE workspace_id = $1 AND state = 'active' AND asked > done
         AND (lease_until IS NULL OR lease_until < now()) ORDER BY created_at, key`,
      [tx.workspaceId],
    );
    return rows.map((row) => row.key);
  }

  async claim(tx: Transaction, key: string): Promise<ComputationLease | undefined> {
    const { rows } = await tx.query<ComputationLease>(
      // One that broke off has left its lease, and how much it healed.
      `UPDATE computed_trait SET fence = fence + 1, lease_until = now() + ${LEASE},
         drift = CASE WHEN lease_until IS NULL THEN 0 ELSE coalesce(drift, 0) END
       WHERE workspace_id = $1 AND key = $2 AND state = 'active' AND asked > done
         AND (lease_until IS NULL OR lease_until < now())
       RETURNING key, definition_version AS "definitionVersion", backfilled_version AS "backfilledVersion", fence, asked, moved`,
      [tx.workspaceId, key],
    );
    return rows[0];
  }

  /** Renew the lease, in the transaction of what is written under it. @throws ComputationLost */
  async progress(tx: Transaction, lease: ComputationLease, healed: number): Promise<void> {
    await this.fenced(tx, lease, `lease_until = now() + ${LEASE}, drift = drift + $5`, [healed]);
  }

  /** @throws ComputationLost */
  async finish(
    tx: Transaction,
    lease: ComputationLease,
    result: { asOfPos: number; asOf: Date; asDrift: boolean },
  ): Promise<void> {
    await this.fenced(
      tx,
      lease,
      `lease_until = NULL, done = $5, moved = moved AND asked > $5, backfilled_version = $4, as_of_pos = $6, computed_at = $7,
       drift = CASE WHEN $8 THEN drift END, error = NULL`,
      [lease.asked, result.asOfPos, result.asOf, result.asDrift],
    );
  }

  /** It cannot be computed: it is not tried again until asked for. */
  async fail(tx: Transaction, lease: ComputationLease, error: string): Promise<void> {
    await this.fenced(tx, lease, `lease_until = NULL, done = $5, error = $6`, [lease.asked, error]);
  }

  /** Give the lease back unfinished: whoever comes next starts over. */
  async release(tx: Transaction, lease: ComputationLease, retryAfterSeconds: number): Promise<void> {
    await this.fenced(tx, lease, `lease_until = now() + make_interval(secs => $5)`, [retryAfterSeconds]);
  }

  private async fenced(
    tx: Transaction,
    lease: ComputationLease,
    set: string,
    values: unknown[],
  ): Promise<void> {
    const { rowCount } = await tx.query(
      `UPDATE computed_trait SET ${set} WHERE workspace_id = $1 AND key = $2 AND fence = $3
         AND definition_version = $4 AND state = 'active'`,
      [tx.workspaceId, lease.key, lease.fence, lease.definitionVersion, ...values],
    );
    if (rowCount !== 1) throw new ComputationLost(`trait ${lease.key} belongs to another worker`);
  }
}
