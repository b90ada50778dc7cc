import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { insertStatement, RowValue } from './insert-rows';
import { inOneWrite } from './one-write';
import { StatementNames } from './statement-names';

/**
 * SQLSTATEs of statements after one that failed: the transaction has ended, and a name that was to be given with another
 * statement before it never was.
 */
const IN_VAIN = new Set(['25P02', '26000']);

/** The same for all connections: each is told a statement the first time it meets its name. */
const names = new StatementNames();

/** One transaction. Inside a workspace, row-level security shows and accepts that workspace's rows only. */
export class Transaction {
  private readonly sent: Promise<void>[] = [];
  private failure?: { error: unknown };
  /** Rows, by statements that insert and do nothing else. */
  inserted = 0;

  constructor(
    readonly workspaceId: string | undefined,
    private readonly client: PoolClient,
  ) {}

  /**
   * SQL with numbered parameters. Statements reach PostgreSQL in the order of the calls, and without waiting for the
   * answers of those before: calls that need nothing of one another may be awaited together, for the price of one round
   * trip.
   */
  async query<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<QueryResult<R>> {
    try {
      return await this.say<R>(text, values);
    } catch (error) {
      throw await this.causeOf(error);
    }
  }

  /** A statement whose answer nobody needs: `settled`, or else the commit, waits for it and tells if it failed. */
  send(text: string, values: unknown[] = []): void {
    // The first to fail is told of first, so what is refused because of it comes too late to be taken for the cause.
    const sent = this.say(text, values).then(
      () => undefined,
      (error: unknown) => void (this.failure ??= { error }),
    );
    this.sent.push(sent);
  }

  /** Resolves when all that was sent is done. Rejects with the first that failed; then it is as if nothing had been sent. */
  async settled(): Promise<void> {
    await Promise.all(this.sent.splice(0));
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure.error;
  }

  private async say<R extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<R>> {
    inOneWrite(this.client);
    // Without values it may be several, which cannot have a name.
    const name = values.length > 0 ? names.of(text) : undefined;
    const result = await this.client.query<R>({ text, values, name });
    if (result.command === 'INSERT') this.inserted += result.rowCount ?? 0;
    return result;
  }

  /** A statement refused because one before it failed tells nothing: that one does. */
  private async causeOf(error: unknown): Promise<unknown> {
    if (!IN_VAIN.has(String((error as { code?: unknown } | null)?.code))) return error;
    await Promise.all(this.sent);
    return this.failure?.error ?? error;
  }

  /**
   * Insert rows given in the order of `columns`, in one statement; objects are written as JSON.
   * @param conflict what follows, e.g. `ON CONFLICT DO NOTHING`
   * @returns how many rows were inserted
   */
  async insertRows(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly RowValue[])[],
    conflict = '',
  ): Promise<number> {
    if (rows.length === 0) return 0;
    const { text, values } = insertStatement(table, columns, await this.columnTypes(table), rows);
    const { rowCount } = await this.say(`${text} ${conflict}`, values);
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
