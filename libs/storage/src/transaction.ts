import { Kysely, PostgresDialect } from 'kysely';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { insertStatement, RowValue } from './insert-rows';
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

  /**
   * Insert rows given in the order of `columns`, in one statement; objects are written as JSON.
   * @param conflict what follows, e.g. `ON CONFLICT DO NOTHING`
   * @returns how many rows were inserted
   */
  async insertRows(
    table: keyof Schema & string,
    columns: readonly string[],
    rows: readonly (readonly RowValue[])[],
    conflict = '',
  ): Promise<number> {
    if (rows.length === 0) return 0;
    const { text, values } = insertStatement(table, columns, await this.columnTypes(table), rows);
    const { rowCount } = await this.client.query(`${text} ${conflict}`, values);
    return rowCount ?? 0;
  }

  private async columnTypes(table: string): Promise<ReadonlyMap<string, string>> {
    const known = columnTypes.get(table);
    if (known) return known;
    const { rows } = await this.client.query<{ column: string; type: string }>(
      `SELECT attname AS column, format_type(atttypid, atttypmod) AS type
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [`percorso.${table}`],
    );
    const types = new Map(rows.map((row) => [row.column, row.type]));
    columnTypes.set(table, types);
    return types;
  }
}

/** The same in every database of one release. */
const columnTypes = new Map<string, ReadonlyMap<string, string>>();
