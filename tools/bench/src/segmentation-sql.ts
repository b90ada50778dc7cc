import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '..', 'sql');

export interface NamedSql {
  name: string;
  /** The query gives those for whom the condition does not hold. */
  complement: boolean;
  text: string;
}

/** The queries of a file in sql/, in their order: each begins with `-- name: NAME`; other comments are for readers. */
export function readSql(file: string): NamedSql[] {
  const parts = readFileSync(join(FOLDER, file), 'utf8').split(/^-- name: (.+)$/m);
  const queries: NamedSql[] = [];
  for (let index = 1; index < parts.length; index += 2) {
    const [name = '', flag] = (parts[index] ?? '').split(' ');
    const text = (parts[index + 1] ?? '').replace(/^--.*$/gm, '').trim();
    queries.push({ name, complement: flag === 'complement', text });
  }
  return queries;
}

/** A file of statements in two parts: what comes before `-- name: indexes`, and what comes after. */
export function readSchema(file: string): { tables: string; indexes: string } {
  const [tables = '', indexes = ''] = readFileSync(join(FOLDER, file), 'utf8').split('-- name: indexes');
  return { tables, indexes };
}
