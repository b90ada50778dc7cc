import type { ConnectorDescription } from '@percorso/connector';
import type { NewEffect } from '@percorso/delivery';
import type { MappingResult } from '@percorso/mapping';
import { effectKey, isNews, type NewestEffect } from './effect-news';
import type { MappingVersion } from './mapping.store';
import { type Change, drop, enteringOperation, type LastEffect, type Plan, planRow } from './plan-row';
import type { RunRow } from './run.store';
import { MODE_RULES, type ModeRule, type SyncMode } from './sync-mode';

export interface RunMappings {
  entry: MappingVersion;
  exit?: MappingVersion;
}

/** What holds for the whole of a run. */
export interface PlanScope {
  mode: SyncMode;
  mappings: RunMappings;
  connector: ConnectorDescription;
}

/** What was told of the persons of a page so far. */
export interface Told {
  reached: ReadonlyMap<number, LastEffect>;
  newest: ReadonlyMap<number, NewestEffect>;
  /** Of whom the target has a record; only where the mode asks. */
  known: ReadonlySet<number>;
}

/** A change with what a sync makes of it. */
export interface PlannedChange {
  change: Change;
  plan: Plan;
  news: boolean;
}

/** The changes that a sync of this mode tells its connector at all. */
export function toldChanges(changes: readonly Change[], scope: PlanScope): Change[] {
  const { exits } = MODE_RULES[scope.mode];
  const { remove } = scope.connector.capabilities;
  const mapped = scope.mappings.exit !== undefined && exits !== 'none';
  const removed = remove !== undefined && exits === 'removed';
  return changes.filter(
    ({ op, erased }) => op === 'enter' || mapped || removed || (erased === true && remove !== undefined),
  );
}

/** What becomes of each change, and whether that is to be told. */
export function planChanges(
  changes: readonly Change[],
  results: ReadonlyMap<Change, MappingResult>,
  scope: PlanScope,
  told: Told,
): PlannedChange[] {
  const rule = MODE_RULES[scope.mode];
  const again = howAgain(rule, scope.connector);
  return changes.map((change) => {
    const plan = planChange(change, results.get(change), scope, told, rule);
    return { change, plan, news: isNews(change, plan, told.newest.get(change.person), again) };
  });
}

/** What a run records of them. */
export function effectsOf(
  planned: readonly PlannedChange[],
  run: Pick<RunRow, 'id' | 'syncId' | 'connectorId' | 'number'>,
  { mappings }: Pick<PlanScope, 'mappings'>,
  told: Told,
  recent: boolean,
): NewEffect[] {
  return planned
    .filter(({ news }) => news)
    .map(({ change, plan }) => ({
      key: effectKey(run.syncId, change, told.newest.get(change.person), run.number),
      runId: run.id,
      syncId: run.syncId,
      connectorId: run.connectorId,
      person: change.person,
      profileId: change.profileId,
      membershipVersion: String(change.version),
      revision: run.number,
      mappingVersion: (change.op === 'enter' ? mappings.entry : mappings.exit)?.version,
      // What is not news of the log has been so for long: it only begins to be told.
      changedAt: recent ? change.since : undefined,
      ...plan,
    }));
}

function planChange(
  change: Change,
  result: MappingResult | undefined,
  { mappings, connector }: PlanScope,
  { reached, newest, known }: Told,
  rule: ModeRule,
): Plan {
  const last = reached.get(change.person);
  if (change.op === 'enter') {
    const before = newest.get(change.person);
    if (rule.once && last && before && before.version < change.version) {
      return drop(enteringOperation(connector), ALREADY_TOLD);
    }
    if (rule.onlyKnown && !known.has(change.person)) return drop(enteringOperation(connector), NOT_THERE);
  }
  const { required } = (change.op === 'enter' ? mappings.entry : mappings.exit) ?? { required: [] };
  return planRow(change, result, required, connector, last, rule.exits === 'removed');
}

/** A message that was sent cannot be changed: it is sent again only where every run sends. */
function howAgain(rule: ModeRule, { kind }: ConnectorDescription): 'always' | 'when-changed' | 'never' {
  if (rule.everyRun) return 'always';
  return rule.changes && kind === 'campaign' ? 'when-changed' : 'never';
}

const ALREADY_TOLD = { code: 'already-told', reason: 'The mode append tells each person once.' };
const NOT_THERE = { code: 'not-there', reason: 'The mode update-only writes no record that is not there.' };
