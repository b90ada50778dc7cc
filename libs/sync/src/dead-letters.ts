import { Inject, Injectable } from '@nestjs/common';
import { audit, decodeCursor, encodeCursor, type Page, pageOf } from '@percorso/access';
import { ConnectorRuntime } from '@percorso/connector';
import { DeliveryWaker, reopenEffects } from '@percorso/delivery';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { usageProblem } from '@percorso/profile';
import { Database } from '@percorso/storage';
import {
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetterQuery,
  type DeadLetterView,
  type DiscardDeadLetters,
  type DiscardView,
  type PreviewDeadLetter,
  type PreviewView,
  type ReplayDeadLetters,
  type ReplayView,
} from './dead-letter.dto';
import {
  chosenDeadLetters,
  type DeadLetterRow,
  discard,
  findDeadLetter,
  groupDeadLetters,
  listDeadLetters,
  takeBackDiscards,
  type WholeDeadLetter,
} from './dead-letter.store';
import { findCurrentVersion, type MappingVersion } from './mapping.store';
import { hideAll, hideDiffering, hideQuoted, keysIn } from './redaction';
import { Replanner, type ReplanScope } from './replanner';
import { defaultMode } from './sync-mode';
import { audienceName, findSync } from './sync.store';
import { UsageGuard } from './usage-guard';

const PAGE = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';
const MOST_GROUPS = 1000;

/** Rows that ended badly, of all syncs: looked into, mended, sent again or put aside. */
@Injectable()
export class DeadLetters {
  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly mappings: MappingRunner,
    private readonly replanner: Replanner,
    private readonly usage: UsageGuard,
    private readonly waker: DeliveryWaker,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param shows whether the reader may see what is of a person */
  list(workspaceId: string, query: DeadLetterQuery, shows: boolean): Promise<Page<DeadLetterView>> {
    const { cursor, limit } = query;
    const after = cursor === undefined ? FIRST : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) =>
      pageOf(
        await listDeadLetters(tx, query, after, limit + 1),
        limit,
        (row) => viewOf(row, shows),
        ({ id }) => encodeCursor({ id }),
      ),
    );
  }

  async groups(workspaceId: string, filter: DeadLetterFilter): Promise<Page<DeadLetterGroup>> {
    const data = await this.database.tx(workspaceId, (tx) => groupDeadLetters(tx, filter, MOST_GROUPS));
    return { data, next: null };
  }

  async get(workspaceId: string, id: string, shows: boolean): Promise<DeadLetterDetail> {
    const letter = await this.find(workspaceId, id);
    const { key, payload, providerId, attempts, discarded, expression } = letter;
    const view = viewOf(letter, shows);
    const { reasonCode, reason, pointer } = view;
    const shown = shows ? { value: payload, hidden: [] } : hideAll(payload, keysIn(expression));
    return {
      ...view,
      request: { key, payload: shown.value, hidden: shown.hidden },
      response: { reasonCode, reason, pointer, providerId },
      attempts,
      discarded,
    };
  }

  /** What the row would be now, by the newest mapping or another. Nothing is kept. */
  async preview(workspaceId: string, id: string, dto: PreviewDeadLetter): Promise<PreviewView> {
    const letter = await this.find(workspaceId, id);
    const scope = await this.scope(workspaceId, letter.syncId);
    const which = letter.op === 'enter' ? 'entry' : 'exit';
    if (dto.expression !== undefined) await this.assertCompiles(dto.expression);
    const mapping = { ...(scope.mappings[which] ?? NO_MAPPING), ...given(dto) };
    const mappings = { ...scope.mappings, [which]: mapping.expression === '' ? undefined : mapping };
    const row = { ...letter, version: letter.membershipVersion };
    const plans = await this.replanner.plan(workspaceId, { ...scope, mappings }, [row], this.clock.now());
    const { operation, payload, dropped } = plans.get(row)!;
    return {
      operation,
      payload: payload ?? null,
      reasonCode: dropped?.code ?? null,
      reason: dropped?.reason ?? null,
      pointer: dropped?.pointer ?? null,
      changed: payload ? hideDiffering(payload, letter.payload, () => true).hidden : [],
    };
  }

  /** Plan rows again by the newest mapping and let them go, no faster than asked. */
  async replay(workspaceId: string, actor: string, dto: ReplayDeadLetters): Promise<ReplayView> {
    const scope = await this.scope(workspaceId, dto.syncId);
    await this.assertAllowed(workspaceId, dto.syncId);
    const start = this.clock.now();
    const view: ReplayView = { replayed: 0, dropped: 0, skipped: 0, lastDueAt: null };
    const dueAt = (place: number): Date =>
      dto.rowsPerSecond === undefined
        ? start
        : new Date(start.getTime() + (place * 1000) / dto.rowsPerSecond);
    for (let after = FIRST; ;) {
      const rows = await this.database.tx(workspaceId, (tx) => chosenDeadLetters(tx, dto, after, PAGE));
      const open = rows.filter(({ skipped }) => !skipped);
      view.skipped += rows.length - open.length;
      const plans = await this.replanner.plan(workspaceId, scope, open, start);
      const effects = open.map((row) => {
        const plan = plans.get(row)!;
        if (plan.dropped) view.dropped += 1;
        else view.lastDueAt = dueAt(view.replayed++);
        const { version } = (row.op === 'enter' ? scope.mappings.entry : scope.mappings.exit) ?? NO_MAPPING;
        return { id: row.id, ...plan, dueAt: view.lastDueAt ?? start, mappingVersion: version };
      });
      await this.database.tx(workspaceId, async (tx) => {
        await reopenEffects(tx, effects, start);
        if (dto.ids) await takeBackDiscards(tx, dto.ids);
      });
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.id;
    }
    await this.note(workspaceId, actor, 'dead-letters.replay', dto.syncId, view);
    await this.waker.wake(workspaceId, scope.connectorId);
    return view;
  }

  /** Put rows aside; they stay what they are, and are listed no more. */
  async discard(workspaceId: string, actor: string, dto: DiscardDeadLetters): Promise<DiscardView> {
    await this.scope(workspaceId, dto.syncId);
    const at = this.clock.now();
    const { note } = dto;
    let discarded = 0;
    for (let after = FIRST; ;) {
      const rows = await this.database.tx(workspaceId, async (tx) => {
        const chosen = await chosenDeadLetters(tx, dto, after, PAGE);
        const ids = chosen.map(({ id }) => id);
        discarded += await discard(tx, ids, { note, actor, at });
        return chosen;
      });
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.id;
    }
    await this.note(workspaceId, actor, 'dead-letters.discard', dto.syncId, { discarded, note });
    return { discarded };
  }

  private note(
    workspaceId: string,
    actor: string,
    action: string,
    syncId: string,
    detail: object,
  ): Promise<void> {
    return this.database.tx(workspaceId, (tx) => audit(tx, actor, action, syncId, detail, this.clock.now()));
  }

  private async find(workspaceId: string, id: string): Promise<WholeDeadLetter> {
    const letter = isId(id) ? await this.database.tx(workspaceId, (tx) => findDeadLetter(tx, id)) : undefined;
    if (!letter) throw Problem.notFound('Dead letter');
    return letter;
  }

  private async scope(workspaceId: string, syncId: string): Promise<ReplanScope & { connectorId: string }> {
    const found = await this.database.tx(workspaceId, async (tx) => {
      const sync = await findSync(tx, syncId);
      if (!sync) throw Problem.notFound('Sync');
      const exit = sync.exitMappingId === null ? undefined : await findCurrentVersion(tx, sync.exitMappingId);
      const entry = (await findCurrentVersion(tx, sync.mappingId)) as MappingVersion;
      return { sync, entry, exit, audience: (await audienceName(tx, sync.audienceId)) ?? '' };
    });
    const { sync, entry, exit, audience } = found;
    const connector = await this.connectors.describe(workspaceId, sync.connectorId);
    return {
      syncId,
      audienceId: sync.audienceId,
      audienceName: audience,
      connectorId: sync.connectorId,
      mode: sync.mode ?? defaultMode(connector),
      mappings: { entry, exit },
      connector,
    };
  }

  private async assertAllowed(workspaceId: string, syncId: string): Promise<void> {
    const sync = await this.database.tx(workspaceId, (tx) => findSync(tx, syncId));
    if (!sync) throw Problem.notFound('Sync');
    await this.usage.prepare(workspaceId, sync);
    const { violations } = await this.database.tx(workspaceId, (tx) => this.usage.verdict(tx, sync));
    if (violations.length > 0) throw usageProblem(violations, 409);
  }

  private async assertCompiles(expression: string): Promise<void> {
    const result = await this.mappings.compileCheck(expression);
    if (result.valid) return;
    const errors = result.errors.map((error) => ({ pointer: '/expression', ...error }));
    throw Problem.invalid(errors, 'The expression does not compile.');
  }
}

/** Of an exit that no mapping writes. */
const NO_MAPPING: MappingVersion | { version: undefined; expression: string; required: string[] } = {
  version: undefined,
  expression: '',
  required: [],
};

const given = ({ expression, required }: PreviewDeadLetter): Partial<MappingVersion> => ({
  ...(expression === undefined ? {} : { expression }),
  ...(required === undefined ? {} : { required }),
});

const viewOf = (row: DeadLetterRow, shows: boolean): DeadLetterView => ({
  id: row.id,
  syncId: row.syncId,
  runId: row.runId,
  connectorId: row.connectorId,
  profileId: row.profileId,
  operation: row.operation,
  membershipVersion: row.membershipVersion,
  mappingVersion: row.mappingVersion,
  state: row.state,
  reasonCode: row.reasonCode,
  reason: shows ? row.reason : hideQuoted(row.reason, row.payload),
  pointer: row.pointer,
  attempt: row.attempt,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
