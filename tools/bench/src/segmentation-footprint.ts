import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Client } from 'pg';

const MEGABYTE = 1024 * 1024;

/** Says what each store takes on disk, and the most memory each process of this run has taken. */
export async function showFootprint(clickhouse: ClickHouseClient, postgres: Client): Promise<void> {
  const answer = await clickhouse.query({
    query: `SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = 'percorso'
            AND table IN ('event', 'profile', 'node_person') GROUP BY table ORDER BY table`,
    format: 'JSONEachRow',
  });
  const own = (await answer.json<{ table: string; bytes: string }>()).map(
    ({ table, bytes }) => [table, Number(bytes)] as const,
  );
  const { rows } = await postgres.query<{ name: string; bytes: string; heap: string }>(
    `SELECT relnamespace::regnamespace || '.' || relname AS name, pg_total_relation_size(oid) AS bytes, pg_table_size(oid) AS heap
     FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('typed', 'doc') ORDER BY 1`,
  );
  const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;
  console.log(
    `disk, ClickHouse (all sizes so far): ${own.map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', ')}`,
  );
  console.log(
    `disk, PostgreSQL: ${rows.map(({ name, bytes, heap }) => `${name} ${megabytes(Number(heap))} + indexes ${megabytes(Number(bytes) - Number(heap))}`).join(', ')}`,
  );
  console.log(`memory at most: ${memory().join(', ')}`);
}

/** Of this process and those it started, the largest first. */
function memory(): string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const field = (name: string): string => new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(status)?.[1] ?? '';
        return [
          {
            pid: Number(pid),
            parent: Number(field('PPid')),
            name: field('Name'),
            peak: Number.parseInt(field('VmHWM'), 10) || 0,
          },
        ];
      } catch {
        return []; // It ended meanwhile.
      }
    });
  const family = new Set([process.pid]);
  for (let before = 0; before < family.size;) {
    before = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return processes
    .filter(({ pid }) => family.has(pid))
    .sort((a, b) => b.peak - a.peak)
    .slice(0, 4)
    .map(({ pid, name, peak }) => `${pid === process.pid ? 'bench' : name} ${Math.round(peak / 1024)} MB`);
}
