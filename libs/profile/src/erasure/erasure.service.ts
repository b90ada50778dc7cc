import { Inject, Injectable } from '@nestjs/common';
import { audit, Page, PageQuery, readPageById } from '@percorso/access';
import { Claim, homesOf, loadNamespaces, lockIdentities, normalizeIdentity } from '@percorso/identity';
import { Clock, CLOCK, isId, newId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { PERSON_HOOKS, PersonHook, PersonRef } from '../person-hooks';
import { CLICKHOUSE_PLACE } from './clickhouse-place.store';
import { erasePerson } from './erase-person';
import { Cleared, ERASURE_PLACES, ErasedPerson, ErasurePlace } from './erasure-place';
import { CreateErasure, ErasureView } from './erasure.dto';
import { ErasureRow, findErasure, insertErasure, listErasures, placesOf } from './erasure.store';
import { addTombstones, liftTombstones } from './tombstone.store';

/** Whom an erasure is about; a person may be missing, identities never are. */
interface Target {
  ref?: PersonRef;
  whole: ErasedPerson;
}

/** Erasures as admins ask for and follow them. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PERSON_HOOKS) private readonly hooks: readonly PersonHook[],
    @Inject(ERASURE_PLACES) private readonly places: readonly ErasurePlace[],
  ) {}

  /**
   * Begin to forget a person. With the commit the profile, its events and memberships are gone and nothing that names
   * the person is applied any more; the other places follow, step by step.
   */
  begin(workspaceId: string, actor: string, asked: CreateErasure): Promise<ErasureView> {
    return this.database.tx(workspaceId, async (tx) => {
      await lockIdentities(tx);
      const target = await targetOf(tx, asked);
      const now = this.clock.now();
      const id = newId();
      const { ref, whole } = target;
      const cleared: Cleared[] = [];
      for (const hook of this.hooks) {
        cleared.push(...((await hook.erased?.(tx, ref ? [ref] : [], now, whole)) ?? []));
      }
      const { nodes, rows } = ref ? await erasePerson(tx, ref.person, whole.homes) : { nodes: [], rows: 0 };
      cleared.push({ place: 'profile', count: rows });
      const open = [CLICKHOUSE_PLACE, ...this.places.map(({ name }) => name)];
      const profileId = ref?.profileId ?? null;
      await insertErasure(tx, { id, profileId, persons: whole.homes, nodes, now }, cleared, open);
      await addTombstones(tx, id, whole.identities);
      await audit(tx, actor, 'profile.erase', profileId ?? id, { erasure: id }, now);
      return this.view(tx, id);
    });
  }

  get(workspaceId: string, id: string): Promise<ErasureView> {
    return this.database.tx(workspaceId, (tx) => this.view(tx, id));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<ErasureView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, async (before, most) => this.views(tx, await listErasures(tx, before, most))),
    );
  }

  /** Let the person in again. Only once everything is gone: until then the tombstone says what has to go. */
  lift(workspaceId: string, actor: string, id: string): Promise<void> {
    return this.database.tx(workspaceId, async (tx) => {
      const { state } = await this.view(tx, id);
      if (state === 'open') throw Problem.conflict('erasure-open', 'The erasure is not done yet.');
      if (!(await liftTombstones(tx, id))) throw Problem.notFound('Tombstone');
      await audit(tx, actor, 'tombstone.lift', id, {}, this.clock.now());
    });
  }

  private async view(tx: Transaction, id: string): Promise<ErasureView> {
    const row = isId(id) ? await findErasure(tx, id) : undefined;
    if (!row) throw Problem.notFound('Erasure');
    return (await this.views(tx, [row]))[0]!;
  }

  private async views(tx: Transaction, rows: readonly ErasureRow[]): Promise<ErasureView[]> {
    const places = await placesOf(
      tx,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => {
      const own = places.filter(({ erasureId }) => erasureId === row.id);
      const done = own.every(({ state }) => state === 'done');
      const last = Math.max(...own.map(({ doneAt }) => doneAt?.getTime() ?? 0));
      const { id, profileId, requestedAt, tombstone } = row;
      return {
        id,
        profileId,
        state: done ? 'done' : 'open',
        tombstone,
        requestedAt,
        doneAt: done && own.length > 0 ? new Date(last) : null,
        places: own.map(({ erasureId: _erasureId, ...place }) => place),
      };
    });
  }
}

async function targetOf(tx: Transaction, asked: CreateErasure): Promise<Target> {
  if ((asked.profileId === undefined) === (asked.namespace === undefined || asked.value === undefined)) {
    const message = 'Give either profileId, or namespace and value.';
    throw Problem.invalid([{ pointer: '', code: 'target-ambiguous', message }]);
  }
  if (asked.profileId !== undefined) {
    const ref = await activePerson(tx, 'id = $2', asked.profileId);
    if (!ref) throw Problem.notFound('Profile');
    return { ref, whole: await wholeOf(tx, ref.person) };
  }
  const rule = (await loadNamespaces(tx)).find(({ code }) => code === asked.namespace);
  const value = rule && normalizeIdentity(asked.value, rule.normalization);
  if (value === undefined) {
    const pointer = rule ? '/value' : '/namespace';
    throw Problem.invalid([{ pointer, code: 'identity-unusable', message: 'This can be no identity here.' }]);
  }
  const identity = { namespace: asked.namespace!, value };
  const person = await personOf(tx, identity);
  const ref = person === undefined ? undefined : await activePerson(tx, 'person = $2', person);
  return ref
    ? { ref, whole: await wholeOf(tx, ref.person) }
    : { whole: { homes: [], identities: [identity] } };
}

async function personOf(tx: Transaction, { namespace, value }: Claim): Promise<number | undefined> {
  const { rows } = await tx.query<{ person: number }>(
    'SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = $2 AND value = $3',
    [tx.workspaceId, namespace, value],
  );
  return rows[0]?.person;
}

async function activePerson(
  tx: Transaction,
  by: string,
  value: string | number,
): Promise<PersonRef | undefined> {
  const { rows } = await tx.query<PersonRef>(
    `SELECT person, id AS "profileId" FROM profile WHERE workspace_id = $1 AND ${by} AND state = 'active'`,
    [tx.workspaceId, value],
  );
  return rows[0];
}

async function wholeOf(tx: Transaction, person: number): Promise<ErasedPerson> {
  const { rows } = await tx.query<Claim>(
    'SELECT namespace, value FROM identity_node WHERE workspace_id = $1 AND person = $2',
    [tx.workspaceId, person],
  );
  return { homes: (await homesOf(tx, [person])).get(person) ?? [person], identities: rows };
}
