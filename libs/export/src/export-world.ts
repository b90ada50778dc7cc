import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getQueueToken } from '@nestjs/bull';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AccessModule, serveModule } from '@percorso/access';
import { Evaluator, MembershipStore, SegmentationModule, Sequencer } from '@percorso/segmentation';
import { Database, migrate, queueName, StorageModule } from '@percorso/storage';
import { ExportModule } from './export.module';

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  trailers: Record<string, string>;
  text: string;
  body: Answer;
}

/** The fields specs look at; absent where the answer is of another kind. */
export interface Answer {
  id: string;
  version: number;
  code: string;
  state: string;
  members: number;
  value: ({ id: string; '@removed'?: { reason: string } } & Record<string, unknown>)[];
  nextLink?: string;
  deltaLink?: string;
  [field: string]: unknown;
}

const ROOT = 'root-key-of-the-export-spec-0123456789';

/** For specs: audiences and exports over HTTP on real engines; jobs are run by hand instead of by Redis. */
export class ExportWorld {
  workspaceId = '';
  private key = ROOT;

  private constructor(readonly app: NestFastifyApplication) {}

  static async start(engines: { databaseUrl: string; clickhouseUrl: string }): Promise<ExportWorld> {
    await migrate(engines.databaseUrl, engines.clickhouseUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl: engines.databaseUrl, clickhouseUrl: engines.clickhouseUrl }),
        AccessModule.forRoot({ rootKey: ROOT }),
        SegmentationModule,
        ExportModule.forRoot({ publicUrl: 'https://hub.example/' }),
      ],
    })
      .overrideProvider(getQueueToken(queueName('evaluation')))
      .useValue({ on: () => undefined, client: {}, add: async () => undefined })
      .compile();
    const app = await serveModule(module);
    await app.getHttpAdapter().getInstance().ready();
    return new ExportWorld(app);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  get database(): Database {
    return this.app.get(Database);
  }

  async call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    options: { body?: object; headers?: object } = {},
  ): Promise<Reply> {
    const response = await this.app.inject({
      method,
      url: url.replace('https://hub.example', ''),
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(options.body ? { 'content-type': 'application/json' } : {}),
        ...options.headers,
      },
      ...(options.body ? { payload: JSON.stringify(options.body) } : {}),
    });
    const json = /json/.test(String(response.headers['content-type']).replace('x-ndjson', ''));
    return {
      status: response.statusCode,
      headers: response.headers,
      trailers: response.trailers as Record<string, string>,
      text: response.payload,
      body: (json && response.payload ? JSON.parse(response.payload) : {}) as Answer,
    };
  }

  /** A workspace of `persons` persons: trait n is their number, the even ones have denied e-mail. */
  async newWorkspace(persons: number, settings: object = {}): Promise<void> {
    this.key = ROOT;
    const made = await this.call('POST', '/v1/workspaces', { body: { name: 'Shop', settings } });
    this.workspaceId = made.body.id;
    this.key = String(made.body.adminKey);
    await this.database.tx(this.workspaceId, async (tx) => {
      const all = `FROM generate_series(1, $2::int) n`;
      const stamp = `'source', 's', 'at', '2026-01-01T00:00:00Z', 'partition', 0, 'pos', 1`;
      await tx.query(
        `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, first_seen)
         SELECT $1, n, 'email', 'p' || n || '@x.it', n, n, now() ${all}`,
        [this.workspaceId, persons],
      );
      await tx.query(
        `INSERT INTO profile_fragment (workspace_id, home, first_seen, last_seen) SELECT $1, n, now(), now() ${all}`,
        [this.workspaceId, persons],
      );
      await tx.query(
        `INSERT INTO profile (workspace_id, person, id, traits, consent, created_at, updated_at)
         SELECT $1, n, gen_random_uuid(), jsonb_build_object('n', jsonb_build_object('value', n, ${stamp})),
           CASE WHEN n % 2 = 0 THEN jsonb_build_object('email', jsonb_build_object('*',
             jsonb_build_object('state', 'denied', ${stamp}))) ELSE '{}' END, now(), now() ${all}`,
        [this.workspaceId, persons],
      );
    });
  }

  /** The same over a socket of its own, read as it comes: what `call` hands over inside this process is never framed. */
  async readFromSocket(path: string): Promise<IncomingMessage & { text: string }> {
    const server = this.app.getHttpServer();
    if (!server.listening) await this.app.listen(0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${this.key}`, connection: 'close' };
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      get({ port, path, headers, agent: false }, resolve).once('error', reject),
    );
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return Object.assign(answer, { text });
  }

  async newAudience(most: number): Promise<string> {
    const definition = { version: 1, where: { trait: { path: 'n', op: 'lte', value: most } } };
    const made = await this.call('POST', '/v1/audiences', { body: { name: 'All', definition } });
    return made.body.id;
  }

  /** Ask for an evaluation and do the workers' part; the evaluation as it ended. */
  async evaluate(audienceId: string): Promise<Answer> {
    const asked = await this.call('POST', `/v1/audiences/${audienceId}/evaluate`);
    await this.app.get(Evaluator).evaluate(this.workspaceId, asked.body.id);
    await this.app.get(Sequencer).drain(this.workspaceId);
    return (await this.call('GET', String(asked.headers.location))).body;
  }

  /** Make some members and others none, as an evaluation would. */
  async change(audienceId: string, entered: number[], exited: number[]): Promise<void> {
    await this.database.tx(this.workspaceId, (tx) =>
      this.app.get(MembershipStore).apply(tx, {
        audienceId,
        entered,
        exited,
        cause: { kind: 'reconciliation', evaluationId: audienceId },
        definitionVersion: 1,
        at: new Date(),
      }),
    );
  }

  sequence(): Promise<number> {
    return this.app.get(Sequencer).drain(this.workspaceId);
  }
}
