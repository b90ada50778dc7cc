import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { loadNamespaces, normalizeIdentity } from '@percorso/identity';
import { CLOCK, type Clock, type FieldError, isId, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { keyAt } from '../../engine/watching';
import { JourneySignal } from '../journey-signal';
import { RequestStore } from '../intake/request.store';
import type { EntriesView, EntryAnswer, EntryItem } from './entry.dto';

/** How long a call waits for what is decided. */
const PATIENCE_MS = 10_000;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 200;

interface Decided {
  item: number;
  code: string | null;
  instanceId: string | null;
}

/** Lets profiles into a journey because somebody says so: kept first, then decided in turn with all that happens to them. */
@Injectable()
export class EntryService {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestStore,
    private readonly signal: JourneySignal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 404, 422 when an item names nobody, or two, or another key than the journey would find */
  async enter(workspaceId: string, journeyId: string, items: readonly EntryItem[]): Promise<EntriesView> {
    assertNamed(items);
    const batch = newId();
    const refused = await this.database.tx(workspaceId, async (tx) => {
      const journey = await journeyOf(tx, journeyId);
      if (journey === undefined) throw Problem.notFound('Journey');
      const { state, key } = journey;
      assertKeys(items, key);
      if (state === 'draft' || state === 'stopped') return items.map(() => 'not-live');
      const persons = await personsOf(tx, items);
      const at = this.clock.now();
      this.requests.add(
        tx,
        persons.flatMap((person, item) =>
          person === undefined
            ? []
            : [
                {
                  journeyId,
                  person,
                  kind: 'api' as const,
                  key: items[item]!.key ?? null,
                  context: items[item]!.context ?? {},
                  at,
                  batch: { id: batch, item },
                },
              ],
        ),
      );
      return persons.map((person) => (person === undefined ? 'profile-unknown' : undefined));
    });
    this.signal.changed();
    const decided = await this.decided(
      workspaceId,
      batch,
      refused.filter((code) => code === undefined).length,
    );
    return { entries: refused.map((code, item) => answerOf(code, decided.get(item))) };
  }

  /** What was decided of a call's items, by then. */
  private async decided(workspaceId: string, batch: string, count: number): Promise<Map<number, Decided>> {
    const until = performance.now() + PATIENCE_MS;
    for (let pause = FIRST_LOOK_MS; count > 0; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
      await sleep(pause);
      const rows = await this.database.statement<Decided & Record<string, unknown>>(
        workspaceId,
        `SELECT item, code, instance_id AS "instanceId" FROM journey_request
         WHERE workspace_id = $1 AND batch = $2 AND code IS NOT NULL`,
        [workspaceId, batch],
      );
      if (rows.length >= count || performance.now() > until)
        return new Map(rows.map((row) => [row.item, row]));
    }
    return new Map();
  }
}

function answerOf(refused: string | undefined, decided: Decided | undefined): EntryAnswer {
  const code = refused ?? decided?.code;
  if (!code) return { status: 'pending' };
  if (code !== 'entered') return { status: 'refused', code };
  return { status: 'entered', ...(decided?.instanceId && { instanceId: decided.instanceId }) };
}

function assertNamed(items: readonly EntryItem[]): void {
  const errors = items.flatMap(({ profileId, identity }, index): FieldError[] =>
    (profileId === undefined) !== (identity === undefined)
      ? []
      : [
          {
            pointer: `/entries/${index}`,
            code: 'one-of',
            message: 'needs a profileId or an identity, and not both',
          },
        ],
  );
  if (errors.length > 0) throw Problem.invalid(errors);
}

/** A key is said once, and of a journey that has one. @param path where the journey has it */
function assertKeys(items: readonly EntryItem[], path: string | null): void {
  const errors = items.flatMap(({ key, context = {} }, index): FieldError[] => {
    if (key === undefined) return [];
    const pointer = `/entries/${index}/key`;
    if (path === null) return [{ pointer, code: 'no-key', message: 'the journey has no key' }];
    const found = keyAt(context, path);
    if (found === null || found === key) return [];
    return [{ pointer, code: 'conflict', message: `the context has another key at ${path}` }];
  });
  if (errors.length > 0) throw Problem.invalid(errors);
}

/** Of what entries are taken into: where it has the key, if it has one. */
async function journeyOf(
  tx: Transaction,
  journeyId: string,
): Promise<{ state: string; key: string | null } | undefined> {
  if (!isId(journeyId)) return undefined;
  const { rows } = await tx.query<{ state: string; key: string | null }>(
    `SELECT j.state, v.definition->>'key' AS key FROM journey j
     LEFT JOIN journey_version v ON v.workspace_id = $1 AND v.journey_id = j.id AND v.version = j.live_version
     WHERE j.workspace_id = $1 AND j.id = $2`,
    [tx.workspaceId, journeyId],
  );
  return rows[0];
}

/** Whom items name; undefined: nobody who has a profile. */
async function personsOf(tx: Transaction, items: readonly EntryItem[]): Promise<(number | undefined)[]> {
  const namespaces = new Map((await loadNamespaces(tx)).map((one) => [one.code, one]));
  const named = items.map(({ identity }) => {
    const namespace = identity && namespaces.get(identity.namespace);
    return namespace && normalizeIdentity(identity.value, namespace.normalization);
  });
  const { rows } = await tx.query<{ item: number; person: number }>(
    `SELECT g.item::int - 1 AS item, p.person
     FROM unnest($2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS g (profile_id, namespace, value, item)
     LEFT JOIN identity_node n ON n.workspace_id = $1 AND n.namespace = g.namespace AND n.value = g.value
     JOIN profile p ON p.workspace_id = $1 AND (p.id = g.profile_id OR p.person = n.person) AND p.state = 'active'`,
    [
      tx.workspaceId,
      items.map(({ profileId }) => profileId ?? null),
      items.map(({ identity }) => identity?.namespace ?? null),
      named.map((value) => value ?? null),
    ],
  );
  const persons = new Map(rows.map(({ item, person }) => [item, person]));
  return items.map((_, item) => persons.get(item));
}
