import { Inject, Injectable, Logger } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { DeliveryWaker, recordEffects } from '@percorso/delivery';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { MappingRunner, type MappingResult } from '@percorso/mapping';
import { type ProfileDocument, ProfileReader, usageVersion } from '@percorso/profile';
import { MembershipLog } from '@percorso/segmentation';
import { Database, Leases, type Transaction } from '@percorso/storage';
import { type ChangePage, readChanges } from './change-page';
import { readTold } from './last-effects';
import { mapChanges } from './map-changes';
import { findCurrentVersion, findMappingVersion, type MappingVersion } from './mapping.store';
import { effectsOf, planChanges, type PlanScope, type RunMappings, toldChanges } from './plan-page';
import type { Change } from './plan-row';
import { advanceRun, claimRun, expectRows, finishPlanning, giveRunBack, type RunRow } from './run.store';
import { defaultMode } from './sync-mode';
import { askTarget, asksTarget, knownOf } from './target-records';
import { UsageCheck, type UsedExpression } from './usage-check';
import { UsageGuard } from './usage-guard';

/** How long a page may take before another planner may take the run over. */
const LEASE_MS = 20_000;

/** A page with what its changes map to; which of them are new is seen when it is recorded. */
interface Page extends Omit<ChangePage, 'changes'> {
  /** Read, told or not. */
  looked: number;
  /** Those that this sync tells its connector. */
  changes: Change[];
  results: Map<Change, MappingResult>;
  /** Of whom the target was asked, whether it has a record. */
  there: Map<number, boolean>;
}

/** What holds for the whole of a run. */
interface Plan extends PlanScope {
  run: RunRow;
  /** The usage rules it was last held against. */
  usageVersion: number;
}

const NOT_CHECKED = -1;

/** Turns the changes of an audience into effects with frozen payloads, page by page; a page is all or nothing. */
@Injectable()
export class Planner {
  private readonly logger = new Logger(Planner.name);

  constructor(
    private readonly database: Database,
    private readonly log: MembershipLog,
    private readonly profiles: ProfileReader,
    private readonly connectors: ConnectorRuntime,
    private readonly mappings: MappingRunner,
    private readonly waker: DeliveryWaker,
    private readonly usage: UsageCheck,
    private readonly guard: UsageGuard,
    private readonly leases: Leases,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Plan one run to its end, unless another planner has it or its sync is paused. */
  async plan(workspaceId: string, runId: string): Promise<void> {
    const run = await this.database.tx(workspaceId, (tx) => claimRun(tx, runId, LEASE_MS, this.leases.id));
    if (!run) return;
    const connector = await this.connectors.describe(workspaceId, run.connectorId);
    const mappings = await this.database.tx(workspaceId, async (tx) => {
      if (run.expected === null) await expectRows(tx, run);
      return loadMappings(tx, run);
    });
    const mode = run.mode ?? defaultMode(connector);
    const plan = { run, mode, mappings, connector, usageVersion: NOT_CHECKED };
    await this.usage.prepare(expressionsOf(plan));
    // Before anything is mapped: nothing of a run that is barred leaves.
    if (await this.database.tx(workspaceId, (tx) => this.isBarred(tx, plan))) return;
    await this.pages(workspaceId, plan);
  }

  /** Leaves a run that could not be planned to whoever tries next. */
  giveBack(workspaceId: string, runId: string): Promise<void> {
    return this.database.tx(workspaceId, (tx) => giveRunBack(tx, runId, this.leases.id));
  }

  /** The next page is read and mapped while one is recorded. */
  private async pages(workspaceId: string, plan: Plan): Promise<void> {
    const { id: runId, connectorId } = plan.run;
    let next: Promise<Page> | undefined = this.prepare(workspaceId, plan, plan.run);
    try {
      while (next) {
        const page: Page = await next;
        next = page.isLast ? undefined : this.prepare(workspaceId, plan, page.next);
        // Should it fail, that is told when its turn comes.
        next?.catch(() => undefined);
        const turn = await this.database.tx(workspaceId, (tx) => this.record(tx, plan, page));
        if (turn === 'paused' || turn === 'barred') return;
        if (turn === 'taken') return this.logger.warn({ runId }, 'Another planner took the run over');
        await this.waker.wake(workspaceId, connectorId);
      }
    } finally {
      await next?.catch(() => undefined);
    }
  }

  private async prepare(workspaceId: string, plan: Plan, from: ChangePage['next']): Promise<Page> {
    const { plannedPos, comparing } = from;
    const { page, documents } = await this.database.tx(workspaceId, async (tx) => {
      const page = await readChanges(tx, this.log, { ...plan.run, plannedPos, comparing });
      const persons = page.changes.map(({ person }) => person);
      return { page, documents: await this.profiles.documents(tx, persons) };
    });
    const changes = toldChanges(page.changes, plan);
    const entries = changes.filter(({ op }) => op === 'enter');
    const exits = changes.filter(({ op }) => op === 'exit');
    const results = new Map([
      ...(await this.map(plan.run, plan.mappings.entry, entries, documents)),
      ...(await this.map(plan.run, plan.mappings.exit, exits, documents)),
    ]);
    const there = await this.ask(workspaceId, plan, changes, results);
    return { ...page, looked: page.changes.length, changes, results, there };
  }

  private async ask(
    workspaceId: string,
    plan: Plan,
    changes: readonly Change[],
    results: ReadonlyMap<Change, MappingResult>,
  ): Promise<Map<number, boolean>> {
    if (!asksTarget(plan.mode, plan.connector)) return new Map();
    const persons = changes.map(({ person }) => person);
    const { run } = plan;
    const told = await this.database.tx(workspaceId, (tx) => readTold(tx, run, plan.mode, persons, []));
    const scope = { ...plan, connectorId: run.connectorId };
    return askTarget(this.connectors, workspaceId, scope, changes, results, told);
  }

  /** Whether usage policies bar the run, and so ended it; looked at again when they have changed. */
  private async isBarred(tx: Transaction, plan: Plan): Promise<boolean> {
    if ((await usageVersion(tx)) === plan.usageVersion) return false;
    const run = { id: plan.run.id, expressions: expressionsOf(plan) };
    const { failed, version } = await this.guard.failRunIfBarred(tx, plan.run, run);
    plan.usageVersion = version;
    return failed;
  }

  private async record(
    tx: Transaction,
    plan: Plan,
    page: Page,
  ): Promise<Awaited<ReturnType<typeof advanceRun>> | 'barred'> {
    const { run } = plan;
    const now = this.clock.now();
    const step = { ...page.next, planned: page.looked, leaseMs: LEASE_MS };
    const turn = await advanceRun(tx, run, step);
    if (turn !== 'mine') return turn;
    if (await this.isBarred(tx, plan)) return 'barred';
    // Only now: the page before may have recorded an effect for one of these persons.
    const persons = page.changes.map(({ person }) => person);
    const leaving = page.changes.filter(({ op }) => op === 'exit').map(({ person }) => person);
    const ledger = await readTold(tx, run, plan.mode, persons, leaving);
    const told = { ...ledger, known: knownOf(ledger.known, page.there) };
    const planned = planChanges(page.changes, page.results, plan, told);
    await recordEffects(tx, effectsOf(planned, run, plan, told, page.recent), now);
    if (page.isLast) await finishPlanning(tx, run, (await this.log.head(tx)).epoch, now);
    return turn;
  }

  private async map(
    run: RunRow,
    mapping: MappingVersion | undefined,
    rows: readonly Change[],
    documents: ReadonlyMap<number, ProfileDocument>,
  ): Promise<Map<Change, MappingResult>> {
    if (mapping) return mapChanges(this.mappings, mapping.expression, run, rows, documents, run.createdAt);
    const known = rows.filter(({ person }) => documents.has(person));
    return new Map(known.map((row) => [row, { output: null }]));
  }
}

function expressionsOf({ mappings: { entry, exit } }: Plan): UsedExpression[] {
  const used = [{ expression: entry.expression, pointer: '/mapping' }];
  return exit ? [...used, { expression: exit.expression, pointer: '/exitMapping' }] : used;
}

/** A run that goes on with every delta maps by what is newest, others by what was when they began. */
async function loadMappings(tx: Transaction, run: RunRow): Promise<RunMappings> {
  const find = (id: string, version: number): Promise<MappingVersion | undefined> =>
    run.trigger === 'delta' ? findCurrentVersion(tx, id) : findMappingVersion(tx, id, version);
  const entry = await find(run.mappingId, run.mappingVersion);
  const exit =
    run.exitMappingId && run.exitMappingVersion
      ? await find(run.exitMappingId, run.exitMappingVersion)
      : undefined;
  if (!entry) throw Problem.notFound('Mapping version');
  return { entry, exit };
}
