import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { addMerge, lockIdentities, Merge, reverseMerge } from '@percorso/identity';
import { Clock, CLOCK, newId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { ErasureService } from './erasure/erasure.service';
import { PERSON_HOOKS, PersonHook, PersonRef } from './person-hooks';
import { markMerged, rebuildProfiles, refsOf } from './profile.store';

/** What admins do to persons. Hooks run inside the same transaction. */
@Injectable()
export class ProfileService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PERSON_HOOKS) private readonly hooks: readonly PersonHook[],
    private readonly erasures: ErasureService,
  ) {}

  /** Merge the profile `loserId` into `winnerId`, whatever their identities. */
  merge(workspaceId: string, actor: string, winnerId: string, loserId: string): Promise<{ id: string }> {
    return this.database.tx(workspaceId, async (tx) => {
      await lockIdentities(tx);
      const [winner, loser] = [await this.active(tx, winnerId), await this.active(tx, loserId)];
      if (winner.person === loser.person) {
        throw Problem.conflict('same-profile', 'A profile cannot be merged with itself.');
      }
      const now = this.clock.now();
      const id = newId();
      await addMerge(tx, { id, winner: winner.person, loser: loser.person, at: now });
      await markMerged(tx, [loser.person], now);
      await rebuildProfiles(tx, [winner.person], now);
      for (const hook of this.hooks) await hook.merged?.(tx, [{ winner, loser }], now);
      await audit(tx, actor, 'profile.merge', winnerId, { merge: id, loser: loserId }, now);
      return { id };
    });
  }

  /** Reverse a merge: both profiles are as if it had not been, with what was said since through each one's identities. */
  unmerge(workspaceId: string, actor: string, mergeId: string): Promise<Merge> {
    return this.database.tx(workspaceId, async (tx) => {
      const now = this.clock.now();
      const reversed = await reverseMerge(tx, mergeId, now);
      await rebuildProfiles(tx, [reversed.winner, reversed.loser], now);
      const refs = await refsOf(tx, [reversed.winner, reversed.loser]);
      const pair = { winner: refs.get(reversed.winner)!, loser: refs.get(reversed.loser)! };
      for (const hook of this.hooks) await hook.unmerged?.(tx, pair, now);
      await audit(tx, actor, 'merge.reverse', mergeId, {}, now);
      return reversed.merge;
    });
  }

  /** Forget a person. @returns the erasure's id: how far it has come is told there */
  async delete(workspaceId: string, actor: string, profileId: string): Promise<string> {
    return (await this.erasures.begin(workspaceId, actor, { profileId })).id;
  }

  private async active(tx: Transaction, profileId: string): Promise<PersonRef> {
    const { rows } = await tx.query<PersonRef>(
      `SELECT person, id AS "profileId" FROM profile WHERE workspace_id = $1 AND id = $2 AND state = 'active'`,
      [tx.workspaceId, profileId],
    );
    if (!rows[0]) throw Problem.notFound('Profile');
    return rows[0];
  }
}
