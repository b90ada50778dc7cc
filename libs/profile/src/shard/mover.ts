import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { CLICKHOUSE_DATABASE, Database, Shards } from '@percorso/storage';
import { listingRow, nodeRow } from '../clickhouse-rows';
import { insertOnce, insertRows } from '../insert-rows';
import type { LoadLock } from '../load-lock';
import type { Move } from './places';
import { beginMoves, endMoves, type HomeRows, readHomeRows } from './places.store';

/** Homes moved at once. */
const CHUNK = 500;
/** Whose the nodes are that have moved away; no person has this number. */
const NOBODY = 0;
/** More than clocks of ingesting hubs differ by. */
const DAY_MS = 86_400_000;

/**
 * Copies the rows of homes from one shard to another. What stays at the source is seen by nobody: its nodes have no
 * person there. Nothing is deleted, for that would rewrite parts; a move that broke off is begun anew.
 */
@Injectable()
export class Mover {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
  ) {}

  async move(workspaceId: string, moves: readonly Move[], lock: LoadLock): Promise<void> {
    for (let start = 0; start < moves.length; start += CHUNK) {
      const chunk = moves.slice(start, start + CHUNK);
      await lock.assertHeld();
      await this.database.tx(workspaceId, (tx) => beginMoves(tx, chunk));
      for (const group of grouped(chunk)) await this.carry(workspaceId, group, lock);
      await lock.assertHeld();
      await this.database.tx(workspaceId, (tx) => endMoves(tx, chunk));
    }
  }

  /** All of `moves` go the same way. */
  private async carry(workspaceId: string, moves: readonly Move[], lock: LoadLock): Promise<void> {
    const [{ from, to }] = moves as [Move];
    const homes = moves.map(({ home }) => home);
    const rows = await this.database.tx(workspaceId, (tx) => readHomeRows(tx, homes));
    await lock.assertHeld();
    if (rows.nodes.length > 0) {
      if (moves.some(({ clean }) => clean)) await this.clear(workspaceId, to, rows);
      await this.copyEvents(workspaceId, from, to, rows);
    }
    const [source, target] = [this.shards.at(from), this.shards.at(to)];
    const at = { workspace_id: workspaceId };
    const nodes = rows.nodes.map((node) => nodeRow(workspaceId, node));
    await insertRows(target, 'node_person', nodes);
    const listings = rows.listings.map((row) => listingRow(workspaceId, row));
    await insertRows(target, 'audience_list', listings);
    const blanks = rows.nodes.map(({ node, version }) => ({ ...at, node, person: NOBODY, version }));
    await insertRows(source, 'node_person', blanks);
    const ghosts = rows.persons.map(({ person, version }) => ({ ...at, person, version, deleted: 1 }));
    await insertRows(source, 'profile', ghosts);
  }

  private async clear(workspaceId: string, shard: number, { nodes }: HomeRows): Promise<void> {
    await this.shards.at(shard).command({
      query: `DELETE FROM ${CLICKHOUSE_DATABASE}.event
              WHERE workspace_id = {workspaceId: UUID} AND node IN {nodes: Array(UInt32)}`,
      query_params: { workspaceId, nodes: nodes.map(({ node }) => node) },
    });
  }

  private async copyEvents(
    workspaceId: string,
    from: number,
    to: number,
    { nodes, since }: HomeRows,
  ): Promise<void> {
    const events = await this.shards.at(from).exec({
      query: `SELECT * FROM ${CLICKHOUSE_DATABASE}.event
              WHERE workspace_id = {workspaceId: UUID} AND node IN {nodes: Array(UInt32)}
                AND received_at >= {since: DateTime64(3, 'UTC')} FORMAT Native`,
      query_params: {
        workspaceId,
        nodes: nodes.map(({ node }) => node),
        since: new Date(since.getTime() - DAY_MS),
      },
      // A failure in the middle must not look like an end.
      clickhouse_settings: { wait_end_of_query: 1 },
    });
    const chunks = events.stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = await chunks.next();
    if (first.done) return;
    const written = await this.shards.at(to).exec({
      query: `INSERT INTO ${CLICKHOUSE_DATABASE}.event FORMAT Native`,
      values: Readable.from(chained(first.value, chunks), { objectMode: false }),
      clickhouse_settings: insertOnce(),
    });
    for await (const _rest of written.stream);
  }
}

async function* chained(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  for (let next: IteratorResult<Buffer> = { value: first }; !next.done; next = await rest.next())
    yield next.value;
}

function grouped(moves: readonly Move[]): Move[][] {
  const groups = new Map<string, Move[]>();
  for (const move of moves) {
    const key = `${move.from} ${move.to}`;
    groups.set(key, [...(groups.get(key) ?? []), move]);
  }
  return [...groups.values()];
}
