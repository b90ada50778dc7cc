import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, type PageQuery } from '@percorso/access';
import { ConnectorRuntime } from '@percorso/connector';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { type MappingResult, MappingRunner } from '@percorso/mapping';
import { parseField, type ProfileDocument, ProfileReader, type UsageViolation } from '@percorso/profile';
import { MembershipLog } from '@percorso/segmentation';
import { Database } from '@percorso/storage';
import { type ReadingPlace, readChanges } from './change-page';
import type { DryRunCounts, DryRunPage, DryRunRow } from './dry-run.dto';
import { readTold } from './last-effects';
import { mapChanges } from './map-changes';
import { findCurrentVersion, type MappingVersion } from './mapping.store';
import { type PlannedChange, planChanges, type PlanScope, type Told, toldChanges } from './plan-page';
import type { Change } from './plan-row';
import { readingOf } from './reading';
import { hideAll, hideDiffering, keysIn, type Redacted, withoutFields } from './redaction';
import { defaultMode } from './sync-mode';
import { audienceName, findSync, type SyncRow } from './sync.store';
import { askTarget, asksTarget, knownOf } from './target-records';
import { UsageGuard } from './usage-guard';

/** Read at once, and at most for one answer. */
const PAGE = 500;
const MOST_LOOKED = 10_000;

/** Where the next page goes on, and as of when. */
interface Place extends ReadingPlace {
  at: string;
}

interface Scope extends PlanScope {
  sync: SyncRow;
  audience: string;
  violations: UsageViolation[];
  /** Whether the reader may see what is of a person. */
  shows: boolean;
}

interface Planned extends PlannedChange {
  /** What the mapping gives without barred fields; absent where none is. */
  without?: MappingResult;
}

/** What a run on demand would do now. Nothing is written or sent. */
@Injectable()
export class DryRun {
  constructor(
    private readonly database: Database,
    private readonly log: MembershipLog,
    private readonly profiles: ProfileReader,
    private readonly connectors: ConnectorRuntime,
    private readonly mappings: MappingRunner,
    private readonly usage: UsageGuard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param shows whether the reader may see what is of a person */
  async page(
    workspaceId: string,
    syncId: string,
    { cursor, limit }: PageQuery,
    shows: boolean,
  ): Promise<DryRunPage> {
    const scope = await this.scope(workspaceId, syncId, shows);
    let place: Place | null =
      cursor === undefined ? await this.start(workspaceId, scope) : decodeCursor<Place>(cursor);
    const data: DryRunRow[] = [];
    const counts: DryRunCounts = { add: 0, update: 0, remove: 0, drop: 0, unchanged: 0 };
    for (let looked = 0; place && data.length < limit && looked < MOST_LOOKED;) {
      const size = Math.min(PAGE, limit - data.length);
      const page = await this.plan(workspaceId, scope, place, size);
      looked += size;
      for (const { planned, told } of page.rows) {
        const row = rowOf(planned, told, scope);
        if (row) data.push(row);
        counts[row?.action ?? 'unchanged'] += 1;
      }
      place = page.isLast ? null : { ...place, ...page.next };
    }
    return { data, next: place && encodeCursor(place), counts, usageViolations: scope.violations };
  }

  private async scope(workspaceId: string, syncId: string, shows: boolean): Promise<Scope> {
    const sync = isId(syncId) ? await this.database.tx(workspaceId, (tx) => findSync(tx, syncId)) : undefined;
    if (!sync) throw Problem.notFound('Sync');
    const connector = await this.connectors.describe(workspaceId, sync.connectorId);
    await this.usage.prepare(workspaceId, sync);
    return this.database.tx(workspaceId, async (tx) => {
      const entry = await findCurrentVersion(tx, sync.mappingId);
      const exit = sync.exitMappingId === null ? undefined : await findCurrentVersion(tx, sync.exitMappingId);
      if (!entry) throw Problem.notFound('Mapping');
      const { violations } = await this.usage.verdict(tx, sync);
      const audience = (await audienceName(tx, sync.audienceId)) ?? '';
      const mode = sync.mode ?? defaultMode(connector);
      return { sync, audience, mode, mappings: { entry, exit }, connector, violations, shows };
    });
  }

  private async start(workspaceId: string, { sync, mode, connector }: Scope): Promise<Place> {
    const head = await this.database.tx(workspaceId, (tx) => this.log.head(tx));
    const reading = readingOf(sync, mode, connector, head, 'demand');
    const { audienceId } = sync;
    const plannedPos = reading.snapshot ? 0 : reading.fromPos;
    return { audienceId, ...reading, comparing: false, plannedPos, at: this.clock.now().toISOString() };
  }

  private async plan(workspaceId: string, scope: Scope, place: Place, size: number) {
    const { sync, mode } = scope;
    const { page, documents, told } = await this.database.tx(workspaceId, async (tx) => {
      const page = await readChanges(tx, this.log, { ...place, audienceId: sync.audienceId }, size);
      const persons = page.changes.map(({ person }) => person);
      const told = await readTold(tx, { ...sync, syncId: sync.id }, mode, persons);
      return { page, documents: await this.profiles.documents(tx, persons), told };
    });
    // Whoever entered was listed from the log; a real run would have recorded it by now.
    const isListed = ({ person, version }: Change): boolean =>
      place.comparing && (told.newest.get(person)?.version ?? 0) < version;
    const changes = toldChanges(page.changes, scope).filter((change) => !isListed(change));
    const results = await this.map(scope, changes, documents, place);
    const without = await this.mapWithoutBarred(scope, changes, documents, place);
    const there = asksTarget(mode, scope.connector)
      ? await askTarget(
          this.connectors,
          workspaceId,
          { ...scope, connectorId: sync.connectorId },
          changes,
          results,
          told,
        )
      : new Map<number, boolean>();
    const seen = { ...told, known: knownOf(told.known, there) };
    const rows = planChanges(changes, results, scope, seen).map((planned) => ({
      planned: { ...planned, without: without?.get(planned.change) },
      told,
    }));
    return { ...page, rows };
  }

  /** The same without the fields that a usage policy bars, to see what depends on them. */
  private async mapWithoutBarred(
    scope: Scope,
    changes: readonly Change[],
    documents: ReadonlyMap<number, ProfileDocument>,
    place: Place,
  ): Promise<Map<Change, MappingResult> | undefined> {
    if (scope.violations.length === 0 || !scope.shows) return undefined;
    const paths = scope.violations.map(({ field }) => parseField(field) ?? []);
    const rest = new Map(
      [...documents].map(([person, document]) => [person, withoutFields(document, paths) as ProfileDocument]),
    );
    return this.map(scope, changes, rest, place);
  }

  private async map(
    { sync, audience, mappings }: Scope,
    changes: readonly Change[],
    documents: ReadonlyMap<number, ProfileDocument>,
    { at }: Place,
  ): Promise<Map<Change, MappingResult>> {
    const run = { syncId: sync.id, audienceId: sync.audienceId, audienceName: audience };
    const mapOp = async (op: Change['op'], mapping: MappingVersion | undefined) => {
      const ofOp = changes.filter((change) => change.op === op);
      if (mapping) {
        return mapChanges(this.mappings, mapping.expression, run, ofOp, documents, new Date(at));
      }
      const known = ofOp.filter(({ person }) => documents.has(person));
      return new Map(known.map((change) => [change, { output: null }]));
    };
    return new Map<Change, MappingResult>([
      ...(await mapOp('enter', mappings.entry)),
      ...(await mapOp('exit', mappings.exit)),
    ]);
  }
}

/** What a reader sees of one row; undefined of what would not be told. */
function rowOf(planned: Planned, told: Told, scope: Scope): DryRunRow | undefined {
  const { change, plan, news } = planned;
  if (!news) return undefined;
  const { value, hidden } = shown(planned, scope);
  const { dropped } = plan;
  return {
    action: actionOf(planned, told),
    profileId: change.profileId,
    op: change.op,
    membershipVersion: change.version,
    payload: value ?? null,
    hidden,
    reasonCode: dropped?.code ?? null,
    reason: dropped?.reason ?? null,
    pointer: dropped?.pointer ?? null,
  };
}

function actionOf({ change, plan }: PlannedChange, { reached }: Told): DryRunRow['action'] {
  if (plan.dropped) return 'drop';
  if (plan.operation === 'remove') return 'remove';
  return reached.get(change.person)?.entered ? 'update' : 'add';
}

function shown({ change, plan, without }: Planned, { mappings, violations, shows }: Scope): Redacted {
  if (plan.payload === undefined) return { value: null, hidden: [] };
  const showsKey = keysIn((change.op === 'enter' ? mappings.entry : mappings.exit)?.expression);
  if (!shows) return hideAll(plan.payload, showsKey);
  if (violations.length === 0) return { value: plan.payload, hidden: [] };
  // A removal tells what was told before: which of it comes from a field that is barred now is not known.
  if (plan.operation === 'remove' || !without) return hideAll(plan.payload, showsKey);
  return hideDiffering(plan.payload, 'output' in without ? without.output : undefined, showsKey);
}
