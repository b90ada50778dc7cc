import { Injectable } from '@nestjs/common';
import { Page, readPage, readPageById } from '@percorso/access';
import { homesOf, listMerges, loadNamespaces, Merge, normalizeIdentity } from '@percorso/identity';
import { isId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { type EventPosition, EventPages } from './archive/event-pages';
import { EventView, MergeView } from './profile-parts.view';
import { loadProfileRows } from './profile-rows.store';
import { ProfileView, viewOf } from './profile-view';
import { refsOf } from './profile.store';

interface PageAsk {
  cursor?: string;
  limit: number;
}

/** What admins read about profiles. */
@Injectable()
export class ProfileQueries {
  constructor(
    private readonly database: Database,
    private readonly pages: EventPages,
  ) {}

  /** The profile an identity belongs to: none or one. */
  find(workspaceId: string, namespace: string, value: string): Promise<Page<ProfileView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const rule = (await loadNamespaces(tx)).find((known) => known.code === namespace);
      const normal = rule && normalizeIdentity(value, rule.normalization);
      if (normal === undefined) return { data: [], next: null };
      const { rows } = await tx.query<{ person: number }>(
        'SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = $2 AND value = $3',
        [workspaceId, namespace, normal],
      );
      const view = rows[0] && (await this.view(tx, rows[0].person));
      return { data: view ? [view] : [], next: null };
    });
  }

  get(workspaceId: string, profileId: string): Promise<ProfileView> {
    return this.database.tx(workspaceId, async (tx) => {
      const view = await this.view(tx, await this.person(tx, profileId));
      if (!view) throw Problem.notFound('Profile');
      return view;
    });
  }

  /** A profile's events, the latest first. */
  events(workspaceId: string, profileId: string, query: PageAsk): Promise<Page<EventView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const person = await this.person(tx, profileId);
      return readPage(
        query,
        (after: EventPosition | undefined, most) => this.pages.page(tx, person, { after }, most),
        ({ occurredAt, partition, pos }) => ({ at: occurredAt.toISOString(), partition, pos }),
        ({ partition: _partition, identity: _identity, ...event }) => event,
      );
    });
  }

  /** Merges, oldest first; those a profile took part in when `profileId` is given. */
  merges(workspaceId: string, query: PageAsk, profileId?: string): Promise<Page<MergeView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const persons = profileId === undefined ? undefined : await this.homes(tx, profileId);
      return readPageById(query, async (afterId, limit) =>
        this.mergeViews(tx, await listMerges(tx, { afterId, limit, persons })),
      );
    });
  }

  /** One merge as admins see it. */
  mergeView(workspaceId: string, merge: Merge): Promise<MergeView> {
    return this.database.tx(workspaceId, async (tx) => (await this.mergeViews(tx, [merge]))[0]!);
  }

  private async mergeViews(tx: Transaction, merges: readonly Merge[]): Promise<MergeView[]> {
    const refs = await refsOf(
      tx,
      merges.flatMap((merge) => [merge.winner, merge.loser]),
    );
    return merges.map(({ id, winner, loser, cause, at, reversedAt }) => ({
      id,
      winner: refs.get(winner)?.profileId ?? null,
      loser: refs.get(loser)?.profileId ?? null,
      cause,
      at,
      reversedAt,
    }));
  }

  private async homes(tx: Transaction, profileId: string): Promise<number[]> {
    const person = await this.person(tx, profileId);
    return (await homesOf(tx, [person])).get(person) ?? [person];
  }

  /** The person of a profile id, also of one merged away: its merges can still be asked for. */
  private async person(tx: Transaction, profileId: string): Promise<number> {
    if (!isId(profileId)) throw Problem.notFound('Profile');
    const { rows } = await tx.query<{ person: number }>(
      'SELECT person FROM profile WHERE workspace_id = $1 AND id = $2',
      [tx.workspaceId, profileId],
    );
    if (!rows[0]) throw Problem.notFound('Profile');
    return rows[0].person;
  }

  private async view(tx: Transaction, person: number): Promise<ProfileView | undefined> {
    const { profiles, identities, seen } = await loadProfileRows(tx, [person]);
    const [profile, times] = [profiles.get(person), seen.get(person)];
    return profile && times && viewOf(profile, identities.get(person) ?? [], times);
  }
}
