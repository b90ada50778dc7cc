import { Injectable } from '@nestjs/common';
import type { Page } from '@percorso/access';
import { homesOf } from '@percorso/identity';
import { isId, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { COMPUTED_KEYS, ComputedValues, withComputed } from '../computed-values';
import { allSaid } from '../fragment';
import { loadFragments } from '../fragment.store';
import { saidOf } from '../said-trait';
import { namesOf, policyRow, ranksOf } from './merge-policy.store';
import { computedView, ProfileTraitView, traitView } from './profile-traits.view';

/** What every source says of a profile, and which of it counts. */
@Injectable()
export class ProfileTraitsQueries {
  constructor(private readonly database: Database) {}

  /** By name, all in one page. */
  traits(workspaceId: string, profileId: string): Promise<Page<ProfileTraitView>> {
    if (!isId(profileId)) throw Problem.notFound('Profile');
    return this.database.snapshot(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ person: number; computed: ComputedValues; kept: string[] }>(
        `SELECT person, computed, ARRAY(${COMPUTED_KEYS}) AS kept FROM profile WHERE workspace_id = $1 AND id = $2 AND state = 'active'`,
        [workspaceId, profileId],
      );
      if (!rows[0]) throw Problem.notFound('Profile');
      const { person, kept } = rows[0];
      const computed = withComputed({}, rows[0].computed);
      const homes = (await homesOf(tx, [person])).get(person) ?? [];
      const traits = allSaid([...(await loadFragments(tx, homes)).values()]);
      const sources = new Set(
        Object.values(traits).flatMap((trait) => saidOf(trait).map(({ source }) => source)),
      );
      const names = await namesOf(tx, [...sources]);
      const { policy } = await policyRow(tx);
      const ranks = await ranksOf(tx, policy);
      const data = [...new Set([...Object.keys(traits), ...Object.keys(computed)])].sort().map((name) => {
        const said = traits[name];
        return said && !kept.includes(name)
          ? traitView(name, said, policy, ranks, names)
          : computedView(name, computed[name], said ? saidOf(said) : [], policy, names);
      });
      return { data, next: null };
    });
  }
}
