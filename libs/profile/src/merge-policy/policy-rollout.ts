import { Inject, Injectable } from '@nestjs/common';
import { homesOf, lockIdentities } from '@percorso/identity';
import { canonicalJson, Clock, CLOCK } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { MergedFragment, mergeFragments } from '../fragment';
import { loadFragments } from '../fragment.store';
import { tryRolloutLock } from '../locks';
import { PERSON_HOOKS, PersonHook } from '../person-hooks';
import { ProfileContent, saveProfiles } from '../profile.store';
import { plainTraits, TraitStamps } from '../said-trait';
import { isOpen, PolicyInForce, policyInForce, policyRow, saveRollout } from './merge-policy.store';

const LEAST = 50;
const MOST = 2000;
/** Milliseconds a transaction should take: events wait for it, for both hold the identity lock. */
const AIM_MS = 60;

interface StoredProfile {
  person: number;
  traits: TraitStamps;
}

/** Brings the profiles that were there before a policy under it, some in each short transaction. */
@Injectable()
export class PolicyRollout {
  /** Profiles a turn takes. */
  size = 200;

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PERSON_HOOKS) private readonly hooks: readonly PersonHook[],
  ) {}

  /** The next profiles of a workspace. Whether more may wait; false too when another process is at it. */
  async turn(workspaceId: string): Promise<boolean> {
    const { size } = this;
    const started = performance.now();
    const looked = await this.database.tx(workspaceId, async (tx) => {
      if (!isOpen(await policyRow(tx)) || !(await tryRolloutLock(tx, workspaceId))) return undefined;
      await lockIdentities(tx);
      return this.next(tx, await policyInForce(tx), size);
    });
    if (looked === size) this.adapt(performance.now() - started);
    return looked === size;
  }

  /** How many profiles were looked at: fewer than `limit` when they were the last. */
  private async next(tx: Transaction, policy: PolicyInForce, limit: number): Promise<number | undefined> {
    const { row } = policy;
    if (!isOpen(row)) return undefined;
    const { rows } = await tx.query<StoredProfile>(
      `SELECT person, traits FROM profile
       WHERE workspace_id = $1 AND person > $2 AND person <= $3 AND state = 'active' ORDER BY person LIMIT $4`,
      [tx.workspaceId, row.afterPerson, row.untilPerson, limit],
    );
    const now = this.clock.now();
    const changed = await this.differing(tx, rows, policy);
    const visible = changed.filter((profile) => profile.visible).map(({ person }) => person);
    const cause = { kind: 'merge-policy', version: row.version } as const;
    // First: who listens may wait for a turn of its own that itself wants these rows.
    if (visible.length > 0)
      for (const hook of this.hooks) await hook.profilesChanged?.(tx, visible, cause, now);
    await saveProfiles(tx, changed, now);
    const done = rows.length < limit;
    await saveRollout(tx, row.version, {
      untilPerson: row.untilPerson,
      afterPerson: done ? row.untilPerson : rows.at(-1)!.person,
      profiles: row.profiles + rows.length,
      changed: row.changed + visible.length,
      endedAt: done ? now : null,
    });
    return rows.length;
  }

  /** Those whose traits are others by the policy, or come from others. */
  private async differing(
    tx: Transaction,
    stored: readonly StoredProfile[],
    { ranks }: PolicyInForce,
  ): Promise<ProfileContent[]> {
    const homes = await homesOf(
      tx,
      stored.map(({ person }) => person),
    );
    const fragments = await loadFragments(tx, [...homes.values()].flat());
    return stored.flatMap(({ person, traits }) => {
      const said = (homes.get(person) ?? []).flatMap((home) => fragments.get(home) ?? []);
      if (said.length === 0) return [];
      const content = mergeFragments(said, ranks);
      if (canonicalJson(content.traits) === canonicalJson(traits)) return [];
      return [{ person, content, visible: isVisible(content, traits) }];
    });
  }

  private adapt(took: number): void {
    const fitting = Math.round((this.size * AIM_MS) / took);
    this.size = Math.max(LEAST, Math.min(MOST, fitting, this.size * 2));
  }
}

const isVisible = (content: MergedFragment, before: TraitStamps): boolean =>
  canonicalJson(plainTraits(content.traits)) !== canonicalJson(plainTraits(before));
