import { Inject, Injectable } from '@nestjs/common';
import { loadNamespaces } from '@percorso/identity';
import { Clock, CLOCK } from '@percorso/kernel';
import { Database, type Held, lockLeases, Transaction } from '@percorso/storage';
import { ApplyContext, BatchApplier } from './apply-batch';
import { isolatePoison } from './isolate-poison';
import { LogItem, Outcome } from './log-item';
import { LogReader } from './log-reader';
import { tryApplyLock } from './locks';
import { poisonReason } from './poison';
import { saveQuarantine } from './quarantine.store';

const MOST = 2000;
/** With fewer a turn's own statements outweigh its events: on a busy machine, shrinking on would only make the queue grow. */
const LEAST = 400;
/** Milliseconds a transaction should take: below the 200 that writers may, with room for a slow commit. */
const AIM_MS = 120;

/** Takes accepted events from the ingest log to profiles, in position order, one short transaction at a time. */
@Injectable()
export class Applier {
  private size = 500;

  constructor(
    private readonly database: Database,
    private readonly reader: LogReader,
    private readonly batches: BatchApplier,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Apply the next batch of a partition. How many positions were passed; 0 when none waits or another worker has it.
   * @param held the leases by which this process does so; without them it takes what nobody works on at the moment
   */
  async turn(workspaceId: string, partition: number, held?: readonly Held[]): Promise<number> {
    const started = performance.now();
    const size = this.size;
    const passed = await this.database.tx(workspaceId, async (tx) => {
      // In this order: what is read is read under the locks.
      const [leased, locked, applied, namespaces] = await Promise.all([
        held && lockLeases(tx, 'apply', held),
        tryApplyLock(tx, workspaceId, partition),
        this.appliedOf(tx, partition),
        loadNamespaces(tx),
      ]);
      if (!locked || (leased && !leased.includes(partition))) return 0;
      const items = await this.reader.read(tx, partition, applied, size);
      if (items.length === 0) return 0;
      const outcome = await this.applyAll(tx, items, { partition, namespaces, now: this.clock.now() });
      this.advance(tx, partition, items.at(-1)!.pos, outcome);
      return items.length;
    });
    if (passed > 0) this.adapt(passed, performance.now() - started);
    return passed;
  }

  private async appliedOf(tx: Transaction, partition: number): Promise<number> {
    const { rows } = await tx.query<{ applied: string }>(
      'SELECT applied FROM ingest_head WHERE workspace_id = $1 AND partition = $2',
      [tx.workspaceId, partition],
    );
    return Number(rows[0]?.applied ?? 0);
  }

  private applyAll(tx: Transaction, items: readonly LogItem[], context: ApplyContext): Promise<Outcome> {
    return isolatePoison(
      tx,
      items,
      (part) => this.batches.apply(tx, part, context),
      (item, error) =>
        saveQuarantine(tx, context.partition, [
          { ...item, refusal: { code: 'not-storable', reason: poisonReason(error), pointer: '' } },
        ]),
    );
  }

  private advance(tx: Transaction, partition: number, pos: number, outcome: Outcome): void {
    tx.send(
      `UPDATE ingest_head SET applied = $3, accepted = accepted + $4, duplicates = duplicates + $5,
         quarantined = quarantined + $6
       WHERE workspace_id = $1 AND partition = $2`,
      [tx.workspaceId, partition, pos, outcome.accepted, outcome.duplicates, outcome.quarantined],
    );
  }

  private adapt(passed: number, took: number): void {
    const fitting = Math.round((passed * AIM_MS) / took);
    if (took > AIM_MS) this.size = Math.max(LEAST, Math.min(this.size, fitting));
    else if (passed >= this.size)
      this.size = Math.min(MOST, Math.max(this.size, Math.min(fitting, this.size * 2)));
  }
}
