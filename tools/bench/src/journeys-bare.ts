import { Client } from 'pg';

/** Instances of one transaction: as many as the hub keeps in one. */
const PAGE = 1000;

/** Which column of each table is an instance's id. */
const TABLES: readonly (readonly [string, string])[] = [
  ['journey_instance', 'id'],
  ['journey_wait', 'instance_id'],
  ['journey_trace', 'instance_id'],
];

interface Column {
  name: string;
  type: string;
}

interface Insert {
  name: string;
  text: string;
  values: unknown[];
}

/**
 * Rows of a journey's first `count` instances, once more, under other ids and a key of their own, by prepared INSERTs of a
 * client that has them at hand; instances a second. They are gone afterwards.
 */
export async function bareInserts(
  databaseUrl: string,
  workspaceId: string,
  journeyId: string,
  count: number,
): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `SELECT set_config('search_path', 'percorso', false), set_config('percorso.workspace', '${workspaceId}', false)`,
  );
  await client.query('SET ROLE percorso_app');
  try {
    const pages: Insert[][] = [];
    for (let from = 0; from < count; from += PAGE) {
      const ids = await idsOf(client, [workspaceId, journeyId, from, Math.min(PAGE, count - from)]);
      const page: Insert[] = [];
      for (const [table, id] of TABLES) page.push(await insertOf(client, table, id, [workspaceId, ids]));
      pages.push(page);
    }
    const started = performance.now();
    for (const page of pages) {
      await client.query('BEGIN');
      for (const insert of page) await client.query(insert);
      await client.query('COMMIT');
    }
    return count / ((performance.now() - started) / 1000);
  } finally {
    for (const [table, id] of [...TABLES].reverse())
      await client.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND ${id}::text LIKE 'f%'`, [
        workspaceId,
      ]);
    await client.end();
  }
}

async function idsOf(client: Client, values: unknown[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 AND id::text NOT LIKE 'f%'
     ORDER BY id OFFSET $3 LIMIT $4`,
    values,
  );
  return rows.map(({ id }) => id);
}

/** Ids of the hub's begin with the time, so none of them with an f. */
async function insertOf(client: Client, table: string, id: string, of: unknown[]): Promise<Insert> {
  const { rows: columns } = await client.query<Column>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [`percorso.${table}`],
  );
  const texts = columns.map(({ name }) => {
    if (name === id) return `overlay(${id}::text PLACING 'f' FROM 1 FOR 1)`;
    return table === 'journey_instance' && name === 'key' ? `'bare'` : `${name}::text`;
  });
  const { rows } = await client.query<string[]>({
    text: `SELECT ${texts.join(', ')} FROM ${table} WHERE workspace_id = $1 AND ${id} = ANY($2::uuid[]) ORDER BY ${id}`,
    values: of,
    rowMode: 'array',
  });
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`);
  return {
    name: `bare ${table}`,
    text: `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')}) SELECT * FROM unnest(${arrays.join(', ')})`,
    values: columns.map((_, index) => rows.map((row) => row[index])),
  };
}
