import { Inject, Injectable, Logger } from '@nestjs/common';
import { type ConnectorDescription, ConnectorRuntime } from '@percorso/connector';
import { DeliveryWaker, recordEffects } from '@percorso/delivery';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { MappingRunner, type MappingResult } from '@percorso/mapping';
import { type ProfileDocument, ProfileReader } from '@percorso/profile';
import { MembershipLog } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { type ChangePage, readChanges } from './change-page';
import { lastEffects } from './last-effects';
import { mapChanges } from './map-changes';
import { findMappingVersion, type MappingVersion } from './mapping.store';
import { type Change, type LastEffect, planRow } from './plan-row';
import { advanceRun, claimRun, finishPlanning, type RunRow } from './run.store';

/** How long a page may take before another planner may take the run over. */
const LEASE_MS = 20_000;

interface Mappings {
  entry: MappingVersion;
  exit?: MappingVersion;
}

interface Page extends ChangePage {
  documents: Map<number, ProfileDocument>;
  last: Map<number, LastEffect>;
}

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
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Plan one run to its end, unless another planner has it or its sync is paused. */
  async plan(workspaceId: string, runId: string): Promise<void> {
    const run = await this.database.tx(workspaceId, (tx) => claimRun(tx, runId, LEASE_MS));
    if (!run) return;
    const connector = await this.connectors.describe(workspaceId, run.connectorId);
    const mappings = await this.database.tx(workspaceId, (tx) => loadMappings(tx, run));
    let at = run.plannedPos;
    for (;;) {
      const page = await this.read(workspaceId, { ...run, plannedPos: at });
      const effects = await this.effects(run, page, mappings, connector);
      const now = this.clock.now();
      const turn = await this.database.tx(workspaceId, async (tx) => {
        const step = { plannedPos: page.nextPos, planned: effects.length, leaseMs: LEASE_MS };
        const answer = await advanceRun(tx, run, step);
        if (answer !== 'mine') return answer;
        await recordEffects(tx, effects, now);
        if (page.isLast) await finishPlanning(tx, run, (await this.log.head(tx)).epoch, now);
        return answer;
      });
      if (turn === 'paused') return;
      if (turn === 'taken') return this.logger.warn({ runId }, 'Another planner took the run over');
      await this.waker.wake(workspaceId, run.connectorId);
      if (page.isLast) return;
      at = page.nextPos;
    }
  }

  private read(workspaceId: string, run: RunRow): Promise<Page> {
    return this.database.tx(workspaceId, async (tx) => {
      const page = await readChanges(tx, this.log, run);
      const persons = page.changes.map(({ person }) => person);
      const documents = await this.profiles.documents(tx, persons);
      return { ...page, documents, last: await lastEffects(tx, run.syncId, persons) };
    });
  }

  private async effects(
    run: RunRow,
    page: Page,
    mappings: Mappings,
    connector: ConnectorDescription,
  ): Promise<Parameters<typeof recordEffects>[1]> {
    const wanted = page.changes.filter(
      ({ op }) =>
        op === 'enter' || mappings.exit !== undefined || connector.capabilities.remove !== undefined,
    );
    const entries = wanted.filter(({ op }) => op === 'enter');
    const exits = wanted.filter(({ op }) => op === 'exit');
    const results = new Map([
      ...(await this.map(run, mappings.entry, entries, page)),
      ...(await this.map(run, mappings.exit, exits, page)),
    ]);
    return wanted.map((change) => {
      const { required } = (change.op === 'enter' ? mappings.entry : mappings.exit) ?? { required: [] };
      return {
        key: `sync:${run.syncId}:${change.person}:${change.version}`,
        runId: run.id,
        syncId: run.syncId,
        connectorId: run.connectorId,
        person: change.person,
        profileId: change.profileId,
        membershipVersion: String(change.version),
        ...planRow(change, results.get(change), required, connector, page.last.get(change.person)),
      };
    });
  }

  private async map(
    run: RunRow,
    mapping: MappingVersion | undefined,
    rows: readonly Change[],
    { documents }: Page,
  ): Promise<Map<Change, MappingResult>> {
    if (mapping) return mapChanges(this.mappings, mapping.expression, run, rows, documents, run.createdAt);
    const known = rows.filter(({ person }) => documents.has(person));
    return new Map(known.map((row) => [row, { output: null }]));
  }
}

async function loadMappings(tx: Transaction, run: RunRow): Promise<Mappings> {
  const entry = await findMappingVersion(tx, run.mappingId, run.mappingVersion);
  const exit =
    run.exitMappingId && run.exitMappingVersion
      ? await findMappingVersion(tx, run.exitMappingId, run.exitMappingVersion)
      : undefined;
  if (!entry) throw Problem.notFound('Mapping version');
  return { entry, exit };
}
