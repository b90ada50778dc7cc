import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MembershipStore, Sequencer } from '@percorso/segmentation';
import { Database } from '@percorso/storage';
import { Planner } from '../planner';
import type { ReconciliationView, RunRowView, RunView } from '../sync.dto';

interface Reply {
  status: number;
  body: { id: string; code: string } & Record<string, unknown>;
}

export interface SyncUnderTest {
  id: string;
  mappingId: string;
}

/** E-mail is required: who has none is dropped. The last name has at most 50 characters in Campaign. */
const ENTRY = '{"email": profile.traits.email, "lastName": profile.traits.lastName}';

/** One workspace with an audience and a campaign system, as an admin and an evaluation would move it. */
export class SyncWorkspace {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly id: string,
    readonly adminKey: string,
    readonly audienceId: string,
    readonly connectorId: string,
  ) {}

  static async create(
    app: NestFastifyApplication,
    rootKey: string,
    connector: object,
    persons: number,
  ): Promise<SyncWorkspace> {
    const settings = { allowPrivateNetwork: true };
    const { id, adminKey } = await made(app, rootKey, '/v1/workspaces', { name: 'Shop', settings });
    const key = String(adminKey);
    const definition = { version: 1, where: { trait: { path: 'email', op: 'exists', value: true } } };
    const audience = await made(app, key, '/v1/audiences', { name: 'All', definition });
    const { id: connectorId } = await made(app, key, '/v1/connectors', connector);
    const workspace = new SyncWorkspace(app, id, key, audience.id, connectorId);
    await workspace.addProfiles(persons);
    return workspace;
  }

  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    headers: object = {},
  ): Promise<Reply> {
    return call(this.app, this.adminKey, method, url, body, headers);
  }

  /** The same as `call` with another key. */
  callAs(key: string): (method: 'GET' | 'POST' | 'PUT', url: string, body?: object) => Promise<Reply> {
    return (method, url, body) => call(this.app, key, method, url, body);
  }

  /** Person n's address in this workspace and no other: what the twin holds outlives a workspace. */
  email(person: number): string {
    return `p${person}@${this.id}.example`;
  }

  /** Audience to campaign system; without an exit mapping, who leaves is removed. `more` is what else is asked for. */
  async sync(exit?: string, more: object = {}): Promise<SyncUnderTest> {
    const mapping = (name: string, expression: string): Promise<{ id: string }> =>
      made(this.app, this.adminKey, '/v1/mappings', { name, expression, required: ['email'] });
    const mappingId = (await mapping('Entry', ENTRY)).id;
    const exitMapping = exit === undefined ? {} : { exitMappingId: (await mapping('Exit', exit)).id };
    const { audienceId, connectorId } = this;
    const body = { name: 'All to Campaign', audienceId, connectorId, mappingId, ...exitMapping, ...more };
    return { id: (await made(this.app, this.adminKey, '/v1/syncs', body)).id, mappingId };
  }

  async setTrait(person: number, name: string, value: string | null): Promise<void> {
    const stamp = { value, source: 's', at: '2026-01-02T00:00:00Z', partition: 0, pos: 2 };
    await this.app
      .get(Database)
      .tx(this.id, (tx) =>
        tx.query(
          `UPDATE profile SET traits = jsonb_set(traits, ARRAY[$3], $4) WHERE workspace_id = $1 AND person = $2`,
          [this.id, person, name, JSON.stringify(stamp)],
        ),
      );
  }

  /** Make some members and others none, as an evaluation would. */
  async change(entered: number[], exited: number[] = []): Promise<void> {
    const { audienceId } = this;
    await this.app.get(Database).tx(this.id, (tx) =>
      this.app.get(MembershipStore).apply(tx, {
        audienceId,
        entered,
        exited,
        cause: { kind: 'reconciliation', evaluationId: audienceId },
        definitionVersion: 1,
        at: new Date(),
      }),
    );
    await this.app.get(Sequencer).drain(this.id);
  }

  /** Makes one person part of another, as the applier would. */
  async merge(winner: number, loser: number): Promise<void> {
    const { audienceId } = this;
    await this.app.get(Database).tx(this.id, async (tx) => {
      await tx.query('UPDATE identity_node SET person = $2 WHERE workspace_id = $1 AND person = $3', [
        this.id,
        winner,
        loser,
      ]);
      const { rows } = await tx.query<{ id: string }>(
        `UPDATE profile SET state = CASE person WHEN $3 THEN 'merged' ELSE state END
         WHERE workspace_id = $1 AND person IN ($2, $3) RETURNING id, person`,
        [this.id, winner, loser],
      );
      await this.app.get(MembershipStore).apply(tx, {
        audienceId,
        entered: [],
        exited: [loser],
        cause: { kind: 'merge', winner: rows[0]!.id, loser: rows[1]!.id },
        definitionVersion: 1,
        at: new Date(),
      });
    });
    await this.app.get(Sequencer).drain(this.id);
  }

  async startRun(sync: SyncUnderTest): Promise<string> {
    const { status, body } = await this.call('POST', `/v1/syncs/${sync.id}/run`);
    if (status !== 202) throw new RangeError(`the run was refused: ${JSON.stringify(body)}`);
    return (body.run as RunView).id;
  }

  plan(runId: string, planner = this.app.get(Planner)): Promise<void> {
    return planner.plan(this.id, runId);
  }

  async run(runId: string): Promise<RunView> {
    return (await this.call('GET', `/v1/runs/${runId}`)).body as unknown as RunView;
  }

  async deadLetters(runId: string): Promise<RunRowView[]> {
    return (await this.call('GET', `/v1/runs/${runId}/dead-letters`)).body.data as RunRowView[];
  }

  async reconciliation(sync: SyncUnderTest): Promise<ReconciliationView> {
    const { body } = await this.call('GET', `/v1/syncs/${sync.id}/reconciliation`);
    return body as unknown as ReconciliationView;
  }

  /** How many effects each person has. */
  async effectsPerPerson(): Promise<Map<number, number>> {
    const { rows } = await this.app
      .get(Database)
      .tx(this.id, (tx) =>
        tx.query<{ person: number; count: number }>(
          'SELECT person, count(*)::int AS count FROM effect WHERE workspace_id = $1 GROUP BY 1 ORDER BY 1',
          [this.id],
        ),
      );
    return new Map(rows.map(({ person, count }) => [person, count]));
  }

  /** What the wall clock does to the lease of a planner that died. */
  async outlivePlanner(runId: string): Promise<void> {
    await this.app
      .get(Database)
      .tx(this.id, (tx) =>
        tx.query(
          `UPDATE sync_run SET lease_until = now() - interval '1 second' WHERE workspace_id = $1 AND id = $2`,
          [this.id, runId],
        ),
      );
  }

  private async addProfiles(persons: number): Promise<void> {
    const all = 'FROM generate_series(1, $2::int) n';
    const stamp = `'source', 's', 'at', '2026-01-01T00:00:00Z', 'partition', 0, 'pos', 1`;
    await this.app.get(Database).tx(this.id, async (tx) => {
      await tx.query(
        `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, first_seen)
         SELECT $1, n, 'user_id', 'u' || n, n, n, now() ${all}`,
        [this.id, persons],
      );
      await tx.query(
        `INSERT INTO profile_fragment (workspace_id, home, first_seen, last_seen) SELECT $1, n, now(), now() ${all}`,
        [this.id, persons],
      );
      await tx.query(
        `INSERT INTO profile (workspace_id, person, id, traits, consent, created_at, updated_at)
         SELECT $1, n, gen_random_uuid(), jsonb_build_object(
           'email', jsonb_build_object('value', 'p' || n || '@' || $3::text || '.example', ${stamp}),
           'lastName', jsonb_build_object('value', 'Nr ' || n, ${stamp})), '{}', now(), now() ${all}`,
        [this.id, persons, this.id],
      );
    });
  }
}

async function call(
  app: NestFastifyApplication,
  key: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
  headers: object = {},
): Promise<Reply> {
  const response = await app.inject({
    method,
    url,
    payload,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  return { status: response.statusCode, body: (response.body ? response.json() : {}) as Reply['body'] };
}

async function made(
  app: NestFastifyApplication,
  key: string,
  url: string,
  body: object,
): Promise<Reply['body']> {
  const reply = await call(app, key, 'POST', url, body);
  if (reply.status !== 201)
    throw new RangeError(`${url} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  return reply.body;
}
