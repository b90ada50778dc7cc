import { Transaction } from '@percorso/storage';

const SETTINGS = [
  'enable_seqscan',
  'enable_bitmapscan',
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_hashagg',
  'enable_material',
];

/**
 * Until the transaction ends, look rows up one by one in their index. The statements of the log's way touch few rows of
 * large tables, but while a table grows the planner's statistics lag: it then takes a workspace to be small and reads
 * all of it for every batch.
 */
export async function preferIndexes(tx: Transaction): Promise<void> {
  await tx.query(`SELECT ${SETTINGS.map((name) => `set_config('${name}', 'off', true)`).join(', ')}`);
}
