import { Inject, Injectable } from '@nestjs/common';
import { audit, type Page, readPageById } from '@percorso/access';
import { CLOCK, type Clock, FIRST_ID, isId, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
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
  type PreviewDeadLetters,
  type PreviewsView,
  type PreviewView,
} from './dead-letter.dto';
import {
  chosenDeadLetters,
  countChosen,
  type DeadLetterRow,
  type DeadRow,
  discard,
  findDeadLetter,
  FIRST_PLACE,
  groupDeadLetters,
  listDeadLetters,
  type WholeDeadLetter,
} from './dead-letter.store';
import type { Change, Plan } from './plan-row';
import { exchangeView } from './exchange-view';
import { hideAll, hideDiffering, hideQuoted, keysIn } from './redaction';
import { ReplanScopes, withMapping } from './replan-scopes';
import { Replanner } from './replanner';

const PAGE = 500;
const MOST_GROUPS = 1000;
const MOST_SAMPLES = 20;

/** Rows that ended badly, of all syncs: looked into, mended, sent again or put aside. */
@Injectable()
export class DeadLetters {
  constructor(
    private readonly database: Database,
    private readonly mappings: MappingRunner,
    private readonly replanner: Replanner,
    private readonly scopes: ReplanScopes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param shows whether the reader may see what is of a person */
  list(workspaceId: string, query: DeadLetterQuery, shows: boolean): Promise<Page<DeadLetterView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(
        query,
        (after = FIRST_ID, most) => listDeadLetters(tx, query, after, most),
        (row) => viewOf(row, shows),
      ),
    );
  }

  async groups(workspaceId: string, filter: DeadLetterFilter): Promise<Page<DeadLetterGroup>> {
    const data = await this.database.tx(workspaceId, (tx) => groupDeadLetters(tx, filter, MOST_GROUPS));
    return { data, next: null };
  }

  async get(workspaceId: string, id: string, shows: boolean): Promise<DeadLetterDetail> {
    const letter = await this.find(workspaceId, id);
    const { key, payload, providerId, attempts, discarded, expression, wire } = letter;
    const view = viewOf(letter, shows);
    const { reasonCode, reason, pointer } = view;
    const shown = shows ? { value: payload, hidden: [] } : hideAll(payload, keysIn(expression));
    return {
      ...view,
      request: { key, payload: shown.value, hidden: shown.hidden },
      response: { reasonCode, reason, pointer, providerId },
      exchange: wire ? exchangeView(wire, payload, shows) : null,
      attempts,
      discarded,
    };
  }

  /** What the row would be now, by the newest mapping or another. Nothing is kept. */
  async preview(workspaceId: string, id: string, dto: PreviewDeadLetter): Promise<PreviewView> {
    const letter = await this.find(workspaceId, id);
    await this.assertCompiles(dto.expression);
    const row = { ...letter, version: letter.membershipVersion };
    return previewOf((await this.replan(workspaceId, letter.syncId, [row], dto)).get(row)!, row);
  }

  /** What a replay of them would come to, by the newest mappings or another. Nothing is kept. */
  async previewAll(workspaceId: string, dto: PreviewDeadLetters): Promise<PreviewsView> {
    if (dto.syncId === undefined && (dto.expression ?? dto.required) !== undefined)
      throw Problem.invalid([ONE_SYNC]);
    await this.assertCompiles(dto.expression);
    const until = this.clock.now();
    const { chosen, rows } = await this.database.tx(workspaceId, async (tx) => ({
      chosen: await countChosen(tx, dto, until),
      rows: await chosenDeadLetters(tx, dto, { until, after: FIRST_PLACE, limit: PAGE }),
    }));
    const open = rows.filter(({ skipped }) => !skipped);
    const plans = new Map<DeadRow, Plan>();
    for (const syncId of new Set(open.map((row) => row.syncId))) {
      const ofSync = open.filter((row) => row.syncId === syncId);
      for (const [row, plan] of await this.replan(workspaceId, syncId, ofSync, dto)) plans.set(row, plan);
    }
    const dropped = countDrops([...plans.values()]);
    return {
      chosen,
      looked: rows.length,
      replayed: open.length - dropped.reduce((sum, { count }) => sum + count, 0),
      skipped: rows.length - open.length,
      dropped,
      samples: open.slice(0, MOST_SAMPLES).map((row) => ({ id: row.id, ...previewOf(plans.get(row)!, row) })),
    };
  }

  /** Put rows aside; they stay what they are, and are listed no more. */
  async discard(workspaceId: string, actor: string, dto: DiscardDeadLetters): Promise<DiscardView> {
    const at = this.clock.now();
    const { note, syncId, runId, connectorId } = dto;
    let discarded = 0;
    for (let after = FIRST_PLACE; ;) {
      const rows = await this.database.tx(workspaceId, async (tx) => {
        const chosen = await chosenDeadLetters(tx, dto, { until: at, after, limit: PAGE });
        const ids = chosen.map(({ id }) => id);
        discarded += await discard(tx, ids, { note, actor, at });
        return chosen;
      });
      if (rows.length < PAGE) break;
      after = rows.at(-1)!;
    }
    const target = syncId ?? runId ?? connectorId ?? 'dead-letters';
    await this.database.tx(workspaceId, (tx) =>
      audit(tx, actor, 'dead-letters.discard', target, { discarded, note }, at),
    );
    return { discarded };
  }

  private async replan<C extends Change>(
    workspaceId: string,
    syncId: string,
    rows: readonly C[],
    given: PreviewDeadLetter,
  ): Promise<Map<C, Plan>> {
    const scope = await this.scopes.of(workspaceId, syncId);
    const plans = new Map<C, Plan>();
    for (const op of ['enter', 'exit'] as const) {
      const ofOp = rows.filter((row) => row.op === op);
      if (ofOp.length === 0) continue;
      const changed = withMapping(scope, op, given);
      const planned = await this.replanner.plan(workspaceId, changed, ofOp, this.clock.now());
      for (const [row, plan] of planned) plans.set(row, plan);
    }
    return plans;
  }

  private async find(workspaceId: string, id: string): Promise<WholeDeadLetter> {
    const letter = isId(id) ? await this.database.tx(workspaceId, (tx) => findDeadLetter(tx, id)) : undefined;
    if (!letter) throw Problem.notFound('Dead letter');
    return letter;
  }

  private async assertCompiles(expression: string | undefined): Promise<void> {
    if (expression === undefined) return;
    const result = await this.mappings.compileCheck(expression);
    if (result.valid) return;
    const errors = result.errors.map((error) => ({ pointer: '/expression', ...error }));
    throw Problem.invalid(errors, 'The expression does not compile.');
  }
}

const ONE_SYNC = {
  pointer: '/syncId',
  code: 'one-sync',
  message: 'Another mapping is tried on the dead letters of one sync.',
};

const previewOf = (
  { operation, payload, dropped }: Plan,
  { payload: before }: { payload: object | null },
): PreviewView => ({
  operation,
  payload: payload ?? null,
  reasonCode: dropped?.code ?? null,
  reason: dropped?.reason ?? null,
  pointer: dropped?.pointer ?? null,
  changed: payload ? hideDiffering(payload, before, () => true).hidden : [],
});

function countDrops(plans: readonly Plan[]): PreviewsView['dropped'] {
  const counts = new Map<string, PreviewsView['dropped'][number]>();
  for (const { dropped } of plans) {
    if (!dropped) continue;
    const { code: reasonCode, pointer = null } = dropped;
    const key = `${reasonCode} ${pointer}`;
    counts.set(key, { reasonCode, pointer, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((one, other) => other.count - one.count);
}

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
