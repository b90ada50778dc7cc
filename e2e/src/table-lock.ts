import { Client } from 'pg';
import { poll } from '@percorso/demo';

/** Holds a table of the hub's, so that whoever comes to it stands still there. */
export class TableLock {
  private constructor(private readonly client: Client) {}

  static async connect(databaseUrl: string): Promise<TableLock> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new TableLock(client);
  }

  async lock(table: string): Promise<void> {
    await this.client.query(`BEGIN; LOCK TABLE percorso.${table} IN ACCESS EXCLUSIVE MODE`);
  }

  /** Resolves when a statement that begins with `word` stands still there. */
  async stops(word: string): Promise<void> {
    const stopped = async (): Promise<string[]> => {
      // Else a transaction sees what it saw when it first looked.
      await this.client.query('SELECT pg_stat_clear_snapshot()');
      const { rows } = await this.client.query<{ query: string }>(
        'SELECT query FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
      );
      return rows.map(({ query }) => query.trim().slice(0, 100));
    };
    const found = (queries: string[]): boolean => queries.some((query) => query.startsWith(word));
    await poll(stopped, found, { what: `A ${word} at the table`, timeoutMs: 60_000, everyMs: 20 });
  }

  async release(): Promise<void> {
    await this.client.query('COMMIT');
  }

  /** And lets go. */
  async close(): Promise<void> {
    await this.client.end();
  }
}
