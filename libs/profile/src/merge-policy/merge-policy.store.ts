import { sourcesCalled } from '@percorso/access';
import { Transaction } from '@percorso/storage';
import { LATEST, MergePolicy, namedSources, SourceNames, TraitRanks } from './trait-ranks';

/** How far a policy has come over the profiles that were there before it. */
export interface Rollout {
  /** Persons up to this one have profiles by this policy. */
  afterPerson: number;
  /** Who was founded after this one had from the start. */
  untilPerson: number;
  /** Profiles looked at, and those that changed for readers. */
  profiles: number;
  changed: number;
  endedAt: Date | null;
}

export interface MergePolicyRow extends Rollout {
  version: number;
  policy: MergePolicy;
  createdAt: Date | null;
}

/** What is in force where nobody said anything. */
const UNSAID: MergePolicyRow = {
  version: 1,
  policy: LATEST,
  createdAt: null,
  afterPerson: 0,
  untilPerson: 0,
  profiles: 0,
  changed: 0,
  endedAt: null,
};

const SELECT = `SELECT version::float8 AS version, policy, created_at AS "createdAt", after_person AS "afterPerson",
  until_person AS "untilPerson", profiles::float8 AS profiles, changed::float8 AS changed, ended_at AS "endedAt"
  FROM merge_policy WHERE workspace_id = $1`;

/** Versions of the policy, the newest first; the last is the one nobody had to say. */
export async function policyVersions(
  tx: Transaction,
  before: number | undefined,
  limit: number,
): Promise<MergePolicyRow[]> {
  if (before !== undefined && before <= UNSAID.version) return [];
  const { rows } = await tx.query<MergePolicyRow>(
    `${SELECT} AND ($2::bigint IS NULL OR version < $2) ORDER BY merge_policy.version DESC LIMIT $3`,
    [tx.workspaceId, before ?? null, limit],
  );
  return rows.length < limit ? [...rows, UNSAID] : rows;
}

/** The policy in force, or the one that was at a moment. */
export async function policyRow(tx: Transaction, at?: Date): Promise<MergePolicyRow> {
  const { rows } = await tx.query<MergePolicyRow>(
    `${SELECT} AND ($2::timestamptz IS NULL OR created_at <= $2) ORDER BY merge_policy.version DESC LIMIT 1`,
    [tx.workspaceId, at ?? null],
  );
  return rows[0] ?? UNSAID;
}

/** A policy in force, ready to be asked. */
export interface PolicyInForce {
  row: MergePolicyRow;
  ranks: TraitRanks;
  /** Whether the person's profile may still be by an older policy. */
  awaits(person: number): boolean;
}

/**
 * The policy by which profiles are to be written. The caller holds the identity lock: policies change under it, so that
 * none changes between here and the commit.
 */
export async function policyInForce(tx: Transaction): Promise<PolicyInForce> {
  const row = await policyRow(tx);
  const open = isOpen(row);
  return {
    row,
    ranks: await ranksOf(tx, row.policy),
    awaits: (person) => open && person > row.afterPerson && person <= row.untilPerson,
  };
}

export const isOpen = ({ version, endedAt }: MergePolicyRow): boolean =>
  version > UNSAID.version && endedAt === null;

export async function ranksOf(tx: Transaction, policy: MergePolicy): Promise<TraitRanks> {
  return new TraitRanks(policy, await namesOf(tx, namedSources(policy)));
}

/** The sources that are meant by ids or names. */
export async function namesOf(tx: Transaction, sources: readonly string[]): Promise<SourceNames> {
  return new Map((await sourcesCalled(tx, sources)).map(({ id, name }) => [id, name]));
}

export async function insertPolicy(
  tx: Transaction,
  { version, policy, untilPerson }: Pick<MergePolicyRow, 'version' | 'policy' | 'untilPerson'>,
  now: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO merge_policy (workspace_id, version, policy, created_at, until_person) VALUES ($1, $2, $3, $4, $5)`,
    [tx.workspaceId, version, JSON.stringify(policy), now, untilPerson],
  );
}

export async function saveRollout(tx: Transaction, version: number, rollout: Rollout): Promise<void> {
  await tx.query(
    `UPDATE merge_policy SET after_person = $3, profiles = $4, changed = $5, ended_at = $6
     WHERE workspace_id = $1 AND version = $2`,
    [tx.workspaceId, version, rollout.afterPerson, rollout.profiles, rollout.changed, rollout.endedAt],
  );
}
