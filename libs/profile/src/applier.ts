import { Inject, Injectable } from '@nestjs/common';
import { loadNamespaces } from '@percorso/identity';
import { Clock, CLOCK } from '@percorso/kernel';
import { Database, type Held, lockLeases, Transaction } from '@percorso/storage';
import { ApplyContext, BatchApplier } from './apply-batch';
import { isolatePoison } from './isolate-poison';
import { LogItem, Outcome } from './log-item';
import { LogReader } from './log-reader';
import { tryApplyLock } from './locks';
import { isPoison, poisonReason } from './poison';
import { saveQuarantine } from './quarantine.store';

const MOST = 2000;
/** With fewer a turn's own statements outweigh its events: on a busy machine, shrinking on would only make the queue grow. */
const LEAST = 800;
/** Milliseconds a transaction should take: below the 200 that writers may, with room for a slow commit. */
const AIM_MS = 120;

/** Takes accepted events from the ingest log to profiles, in position order, one short transaction at a time. */
@Injectable()
export class Applier {
  private size = 500;
  /** Where the last turn ended, by workspace and partition: what comes next can be read before it is known to be next. */
  private readonly passed = new Map<string, number>();

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
    const take = (isolating: boolean): Promise<number> =>
      this.database.tx(workspaceId, (tx) => this.take(tx, partition, held, isolating));
    const started = performance.now();
    const passed = await take(false).catch((error: unknown) => {
      if (!isPoison(error)) throw error;
      return take(true);
    });
    if (passed > 0) this.adapt(passed, performance.now() - started);
    return passed;
  }

  /** @param isolating look for the items that broke the batch */
  private async take(
    tx: Transaction,
    partition: number,
    held: readonly Held[] | undefined,
    isolating: boolean,
  ): Promise<number> {
    const key = `${tx.workspaceId} ${partition}`;
    const expected = this.passed.get(key) ?? 0;
    const { size } = this;
    // In this order: what is read is read under the locks.
    const [leased, locked, applied, namespaces, next] = await Promise.all([
      held && lockLeases(tx, 'apply', held),
      tryApplyLock(tx, tx.workspaceId!, partition),
      this.appliedOf(tx, partition),
      loadNamespaces(tx),
      this.reader.read(tx, partition, expected, size),
    ]);
    if (!locked || (leased && !leased.includes(partition))) return 0;
    // Another process went on from where this one was.
    const items = applied === expected ? next : await this.reader.read(tx, partition, applied, size);
    const last = items.at(-1)?.pos;
    this.passed.set(key, last ?? applied);
    if (last === undefined) return 0;
    const outcome = await this.applyAll(
      tx,
      items,
      { partition, namespaces, now: this.clock.now() },
      isolating,
    );
    this.advance(tx, partition, last, outcome);
    return items.length;
  }

  private async appliedOf(tx: Transaction, partition: number): Promise<number> {
    const { rows } = await tx.query<{ applied: string }>(
      'SELECT applied FROM ingest_head WHERE workspace_id = $1 AND partition = $2',
      [tx.workspaceId, partition],
    );
    return Number(rows[0]?.applied ?? 0);
  }

  private applyAll(
    tx: Transaction,
    items: readonly LogItem[],
    context: ApplyContext,
    isolating: boolean,
  ): Promise<Outcome> {
    if (!isolating) return this.batches.apply(tx, items, context);
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
