import { Pool, PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { Problem } from '@percorso/kernel';
import { inOneWrite } from './one-write';
import { MANY_ROWS, TableStatistics } from './table-statistics';
import { Transaction } from './transaction';

/** What PostgreSQL keeps of its statements is for a schema that was: a new connection knows none of them. */
const isOutdated = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '0A000';

export interface DatabaseOptions {
  url: string;
  /** Connections at most. @default 10 */
  poolSize?: number;
  /** Told of connections lost while idle; the pool replaces them. */
  onConnectionLost?: (error: Error) => void;
}

const UNAVAILABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '25P03', // idle_in_transaction_session_timeout: this process slept, and its locks went to others
  '08006',
  '08003',
  '08001',
  'database-unavailable', // what `Database` says when it cannot connect
]);

/** Whether PostgreSQL could not be reached, so that trying again later is right. */
export function isUnavailable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && UNAVAILABLE.has(code)) return true;
  return (
    typeof message === 'string' &&
    /Connection terminated|not queryable|timeout exceeded when trying to connect/.test(message)
  );
}

/**
 * A transaction in which nothing is said for so long is ended by PostgreSQL: its process sleeps, or is stopped, and others
 * wait for its locks. Those that hold what everybody needs say less.
 */
const IDLE_MS = 60_000;

/** PostgreSQL as the application role: not the owner, so that row-level security binds. */
export class Database {
  private readonly pool: Pool;
  private readonly statistics = new TableStatistics(() =>
    this.control((tx) => tx.query('SELECT analyze_grown()')),
  );

  constructor(options: DatabaseOptions) {
    this.pool = new Pool({
      connectionString: options.url,
      max: options.poolSize ?? 10,
      // Statements are sent without waiting for the answers of those before.
      pipeline: true,
      connectionTimeoutMillis: 5000,
      application_name: 'percorso',
    });
    // Without a listener one lost connection would end the process.
    this.pool.on('error', (error) => options.onConnectionLost?.(error));
    // The pool lets go of a connection it hands out before its taker can listen; the next query tells of the loss.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Run `work` in one transaction of one workspace; committed when it resolves, rolled back when it throws. */
  tx<T>(workspaceId: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run(workspaceId, work);
  }

  /** Read only, all of `work` at one moment, whatever commits meanwhile. */
  snapshot<T>(workspaceId: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run(workspaceId, work, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  }

  /** A transaction outside any workspace: sees only what is no tenant's (workspaces, ingest heads, partitions). */
  control<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run(undefined, work);
  }

  /** One statement as a transaction of its own, in one round trip. Its failure is a rollback. */
  async statement<R extends QueryResultRow>(
    workspaceId: string | undefined,
    text: string,
    values: unknown[] = [],
  ): Promise<R[]> {
    const answer: { rows?: Promise<QueryResult<R>> } = {};
    await this.run(workspaceId, async (tx) => {
      answer.rows = tx.query<R>(text, values);
      answer.rows.catch(() => undefined);
    });
    return (await answer.rows!).rows;
  }

  /** The ids of all workspaces, for loops that serve each in turn. */
  async workspaceIds(): Promise<string[]> {
    const { rows } = await this.control((tx) =>
      tx.query<{ id: string }>('SELECT id FROM workspace ORDER BY id'),
    );
    return rows.map((row) => row.id);
  }

  /** Whether PostgreSQL answers. */
  async ping(): Promise<void> {
    await this.control((tx) => tx.query('SELECT 1'));
  }

  async close(): Promise<void> {
    await this.statistics.close();
    await this.pool.end();
  }

  private async run<T>(
    workspaceId: string | undefined,
    work: (tx: Transaction) => Promise<T>,
    begin = 'BEGIN',
  ): Promise<T> {
    const client = await this.connect();
    let broken: Error | undefined;
    const remember = (error: Error): void => {
      broken = error;
    };
    client.on('error', remember);
    try {
      inOneWrite(client);
      // The simple protocol takes no parameters. If it fails, all that follows is refused.
      const begun = client.query(
        `${begin}; SELECT set_config('role', 'percorso_app', true), set_config('search_path', 'percorso', true),
           set_config('percorso.workspace', ${client.escapeLiteral(workspaceId ?? '')}, true),
           set_config('plan_cache_mode', 'force_custom_plan', true),
           set_config('idle_in_transaction_session_timeout', '${IDLE_MS}', true)`,
      );
      begun.catch(() => undefined);
      const tx = new Transaction(workspaceId, client);
      const result = await work(tx);
      // Else PostgreSQL may learn of it seconds later.
      if (tx.inserted >= MANY_ROWS) tx.send('SELECT pg_stat_force_next_flush()');
      // After a failure it is a rollback, and the failure is thrown.
      const committed = client.query('COMMIT');
      await Promise.all([begun, tx.settled(), committed]);
      // What belongs to no workspace is little, and the look at statistics itself is among it.
      if (workspaceId !== undefined) this.statistics.committed(tx.inserted);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(remember);
      if (isOutdated(error)) remember(error as Error);
      throw error;
    } finally {
      client.off('error', remember);
      client.release(broken);
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      throw new Problem({
        status: 503,
        code: 'database-unavailable',
        title: 'The database cannot be reached',
        retryAfter: 2,
        cause: error,
      });
    }
  }
}
