import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, Page, PageQuery, readPage } from '@percorso/access';
import { lockIdentities } from '@percorso/identity';
import { canonicalJson, Clock, CLOCK, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { checkPolicy, checkSourcesExist } from './check-merge-policy';
import { MergePolicyView, PutMergePolicy, RolloutView } from './merge-policy.dto';
import {
  insertPolicy,
  isOpen,
  MergePolicyRow,
  namesOf,
  policyRow,
  policyVersions,
} from './merge-policy.store';
import { MergePolicy, namedSources } from './trait-ranks';

/** Which source's value of a trait counts, as admins say and see it. */
@Injectable()
export class MergePolicyService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get(workspaceId: string): Promise<MergePolicyView> {
    return this.database.tx(workspaceId, async (tx) => viewOf(await policyRow(tx)));
  }

  /** The newest first. */
  versions(workspaceId: string, query: PageQuery): Promise<Page<MergePolicyView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const newest = await policyRow(tx);
      return readPage(
        query,
        (before: { version: number } | undefined, most) => policyVersions(tx, before?.version, most),
        ({ version }) => ({ version }),
        (row) => viewOf(row, newest.version),
      );
    });
  }

  /** Add a version, unless the one in force says the same. Profiles that come are by it at once, those there are follow. */
  put(
    workspaceId: string,
    actor: string,
    expected: number,
    { default: fallback, traits = {} }: PutMergePolicy,
  ): Promise<MergePolicyView> {
    const policy: MergePolicy = { default: fallback, traits };
    refuse(checkPolicy(policy));
    return this.database.tx(workspaceId, async (tx) => {
      // Whoever writes profiles holds it too, from before it reads the policy.
      const untilPerson = await lockIdentities(tx);
      const current = await policyRow(tx);
      assertVersion(expected, current.version);
      refuse(checkSourcesExist(policy, await namesOf(tx, namedSources(policy))));
      if (canonicalJson(current.policy) === canonicalJson(policy)) return viewOf(current);
      const version = current.version + 1;
      const now = this.clock.now();
      await insertPolicy(tx, { version, policy, untilPerson }, now);
      await audit(tx, actor, 'merge-policy.put', 'merge-policy', { version }, now);
      return viewOf(await policyRow(tx));
    });
  }
}

function refuse(errors: ReturnType<typeof checkPolicy>): void {
  if (errors.length > 0) throw Problem.invalid(errors);
}

function viewOf(row: MergePolicyRow, newest = row.version): MergePolicyView {
  const { version, policy, createdAt } = row;
  return {
    version,
    default: policy.default,
    traits: policy.traits,
    createdAt,
    rollout: rolloutOf(row, newest),
  };
}

function rolloutOf(row: MergePolicyRow, newest: number): RolloutView {
  const { afterPerson, untilPerson, profiles, changed, endedAt } = row;
  const open = isOpen(row);
  const progress =
    open && untilPerson > 0 ? Math.floor((afterPerson / untilPerson) * 1000) / 1000 : open ? 0 : 1;
  const state = !open ? 'done' : row.version === newest ? 'running' : 'superseded';
  return { state, progress, profiles, changed, endedAt };
}
