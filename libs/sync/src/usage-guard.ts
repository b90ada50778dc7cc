import { Inject, Injectable, Logger } from '@nestjs/common';
import { dropPending } from '@percorso/delivery';
import { CLOCK, type Clock, describeError } from '@percorso/kernel';
import { describeViolation, type UsageViolation } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { type UsedExpression, UsageCheck, type UsageVerdict } from './usage-check';
import {
  currentExpressions,
  failRun,
  lockSync,
  openRuns,
  saveVerdict,
  type SyncParts,
  uncheckedSyncs,
} from './usage.store';

/** Syncs looked at in one go. */
const MOST = 50;
const CODE = 'usage-policy';

/** Keeps syncs within the usage policies: whoever breaks one is told, and neither plans nor sends. */
@Injectable()
export class UsageGuard {
  private readonly logger = new Logger(UsageGuard.name);

  constructor(
    private readonly database: Database,
    private readonly usage: UsageCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What the next run of a sync would break. */
  async verdict(tx: Transaction, sync: SyncParts): Promise<UsageVerdict> {
    return this.usage.check(tx, sync, await currentExpressions(tx, sync));
  }

  /** Look again at syncs of a workspace whose rules have changed; how many there were. */
  async recheck(workspaceId: string): Promise<number> {
    const syncs = await this.database.tx(workspaceId, (tx) => uncheckedSyncs(tx, MOST));
    for (const sync of syncs) {
      try {
        await this.recheckSync(workspaceId, sync);
      } catch (error) {
        // It stays unchecked, and so sends nothing; the others do not wait for it.
        this.logger.error(
          `Sync ${sync.id} could not be held against usage policies: ${describeError(error)}`,
        );
      }
    }
    return syncs.length;
  }

  /** Whether a run's expressions break a policy, by the rules of `version`; it has failed then, what it had not sent is dropped. */
  async failRunIfBarred(
    tx: Transaction,
    sync: Pick<SyncParts, 'audienceId' | 'connectorId'>,
    run: { id: string; expressions: readonly UsedExpression[] },
  ): Promise<{ failed: boolean; version: number }> {
    const { version, violations } = await this.usage.check(tx, sync, run.expressions);
    if (violations.length === 0) return { failed: false, version };
    const now = this.clock.now();
    const error = `Stopped by a usage policy: ${describe(violations)}.`;
    await failRun(tx, run.id, error, now);
    await dropPending(tx, { runId: run.id }, { code: CODE, reason: error }, now);
    this.logger.warn(`Run ${run.id} was stopped by a usage policy`);
    return { failed: true, version };
  }

  /** Have at hand what `verdict` needs. */
  async prepare(
    workspaceId: string,
    mappings: Pick<SyncParts, 'mappingId' | 'exitMappingId'>,
  ): Promise<void> {
    const expressions = await this.database.tx(workspaceId, (tx) => currentExpressions(tx, mappings));
    await this.usage.prepare(expressions);
  }

  private async recheckSync(workspaceId: string, known: SyncParts): Promise<void> {
    await this.prepare(workspaceId, known);
    const open = await this.database.tx(workspaceId, (tx) => openRuns(tx, known.id));
    await this.usage.prepare(open.flatMap(({ expressions }) => expressions));
    await this.database.tx(workspaceId, async (tx) => {
      const sync = await lockSync(tx, known.id);
      if (!sync) return;
      const verdict = await this.verdict(tx, sync);
      for (const run of await openRuns(tx, sync.id)) await this.failRunIfBarred(tx, sync, run);
      await saveVerdict(tx, sync.id, verdict);
    });
  }
}

const describe = (violations: readonly UsageViolation[]): string =>
  violations
    .slice(0, 3)
    .map((one) => `${one.pointer}: ${describeViolation(one)}`)
    .join('; ');
