import { Inject, Injectable, Logger } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, describeError } from '@percorso/kernel';
import { holdUsageRules, type UsageViolation } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { parseJourney } from '../definition/parse-journey';
import { JobStore } from './job.store';
import { type JourneyRow, JourneyStore } from './journey.store';
import { TestMarkStore } from './test-mark.store';
import { JourneyUsageCheck, type UsageVerdict } from './usage-check';
import { uncheckedJourneys, versionsInUse } from './usage.store';

/** Journeys looked at in one go. */
const MOST = 50;
const ACTOR = 'usage-policies';

/** Keeps journeys within the usage policies: one that breaks a policy since the rules have changed is paused, and says why. */
@Injectable()
export class JourneyUsageGuard {
  private readonly logger = new Logger(JourneyUsageGuard.name);

  constructor(
    private readonly database: Database,
    private readonly journeys: JourneyStore,
    private readonly jobs: JobStore,
    private readonly marks: TestMarkStore,
    private readonly usage: JourneyUsageCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Look again at journeys of a workspace whose rules have changed; how many there were. */
  async recheck(workspaceId: string): Promise<number> {
    const ids = await this.database.tx(workspaceId, (tx) => uncheckedJourneys(tx, MOST));
    for (const id of ids) {
      try {
        await this.prepare(workspaceId, id);
        await this.database.tx(workspaceId, (tx) => this.recheckOne(tx, id));
      } catch (error) {
        // It stays unchecked and is looked at again; the others do not wait for it.
        this.logger.error(`Journey ${id} could not be held against usage policies: ${describeError(error)}`);
      }
    }
    return ids.length;
  }

  /** Have at hand what `verdict` needs. */
  async prepare(workspaceId: string, id: string): Promise<void> {
    const used = await this.database.tx(workspaceId, (tx) => this.inUse(tx, id));
    for (const journey of used) await this.usage.prepare(journey);
  }

  /** What those on their way, and those who enter, would break. Until the transaction ends the rules stay as they are. */
  async verdict(tx: Transaction, id: string): Promise<UsageVerdict> {
    await holdUsageRules(tx);
    const violations: UsageViolation[] = [];
    let version = 0;
    for (const journey of await this.inUse(tx, id)) {
      const verdict = await this.usage.check(tx, journey);
      version = verdict.version;
      violations.push(...verdict.violations);
    }
    return { version, violations };
  }

  private async recheckOne(tx: Transaction, id: string): Promise<void> {
    const row = await this.journeys.lock(tx, id);
    if (!row) return;
    const verdict = await this.verdict(tx, id);
    await this.journeys.saveUsage(tx, id, verdict);
    if (verdict.violations.length > 0) await this.bar(tx, row);
  }

  private async bar(tx: Transaction, { id, state, liveVersion }: JourneyRow): Promise<void> {
    const at = this.clock.now();
    if (state === 'paused') return;
    if (state === 'test') {
      await this.jobs.ask(tx, id, { kind: 'stop' }, ACTOR, at);
      await this.marks.clear(tx, id);
      await this.journeys.setState(
        tx,
        id,
        { state: 'draft', liveVersion: null, pausedAt: null, test: null },
        at,
      );
    } else {
      await this.journeys.setState(tx, id, { state: 'paused', liveVersion, pausedAt: at, test: null }, at);
    }
    await audit(tx, ACTOR, 'journey.barred', id, {}, at);
    this.logger.warn(`Journey ${id} was stopped by a usage policy`);
  }

  private async inUse(tx: Transaction, id: string): Promise<JourneyDefinition[]> {
    const parsed = (await versionsInUse(tx, id)).map(parseJourney);
    return parsed.flatMap((one) => (one.ok ? [one.journey] : []));
  }
}
