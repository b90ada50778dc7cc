import { Kysely, PostgresDialect } from 'kysely';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { copyLines, CopyValue } from './copy';
import { Schema } from './schema';

/** One transaction. Inside a workspace, row-level security shows and accepts that workspace's rows only. */
export class Transaction {
  private kysely?: Kysely<Schema>;

  constructor(
    readonly workspaceId: string | undefined,
    private readonly client: PoolClient,
  ) {}

  /** Typed queries on this transaction's connection. */
  get db(): Kysely<Schema> {
    this.kysely ??= new Kysely<Schema>({
      dialect: new PostgresDialect({
        pool: {
          connect: async () => ({
            query: this.client.query.bind(this.client) as never,
            release: () => undefined,
          }),
          end: async () => undefined,
        },
      }),
    });
    return this.kysely;
  }

  /** Plain SQL with numbered parameters, for the paths where shape or speed asks for it. */
  query<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<QueryResult<R>> {
    return this.client.query<R>(text, values);
  }

  /** COPY rows into `table` in the order of `columns`; objects are written as JSON. */
  async copy(
    table: keyof Schema & string,
    columns: readonly string[],
    rows: Iterable<readonly CopyValue[]>,
  ): Promise<void> {
    const stream = this.client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`));
    await pipeline(Readable.from(copyLines(rows)), stream);
  }
}
