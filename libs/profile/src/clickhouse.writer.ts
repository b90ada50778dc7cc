import { Injectable } from '@nestjs/common';
import { CLICKHOUSE_DATABASE, Shards } from '@percorso/storage';
import {
  accountRow,
  DirtyAccount,
  DirtyItem,
  DirtyListing,
  DirtyNode,
  DirtyProfile,
  eventRow,
  itemRow,
  listingRow,
  nodeRow,
  profileRow,
  StoredEvent,
} from './clickhouse-rows';
import { insertRows } from './insert-rows';
import { Erasure } from './load-snapshot';
import { byShard, type Places } from './shard/places';

/** Writes the loader's rows to the shards they belong to. Each call may be repeated without adding rows. */
@Injectable()
export class ClickHouseWriter {
  constructor(private readonly shards: Shards) {}

  get shardCount(): number {
    return this.shards.count;
  }

  settle(): Promise<void> {
    return this.shards.settle();
  }

  /** One block of events for each shard; a shard drops it when it has seen `token`. */
  async events(
    workspaceId: string,
    events: readonly StoredEvent[],
    token: string,
    places: Places,
  ): Promise<void> {
    const rows = events.map((event) => ({ row: eventRow(workspaceId, event), node: event.node }));
    await this.spread('event', rows, ({ node }) => places.ofNode(node), token);
  }

  async profiles(workspaceId: string, profiles: readonly DirtyProfile[], places: Places): Promise<void> {
    const rows = profiles.map((profile) => ({
      row: profileRow(workspaceId, profile),
      person: profile.person,
    }));
    await this.spread('profile', rows, ({ person }) => places.of(person));
  }

  async nodes(workspaceId: string, nodes: readonly DirtyNode[], places: Places): Promise<void> {
    const rows = nodes.map((node) => ({ row: nodeRow(workspaceId, node), node: node.node }));
    await this.spread('node_person', rows, ({ node }) => places.ofNode(node));
  }

  async listings(workspaceId: string, listings: readonly DirtyListing[], places: Places): Promise<void> {
    const rows = listings.map((listing) => ({ row: listingRow(workspaceId, listing), node: listing.node }));
    await this.spread('audience_list', rows, ({ node }) => places.ofNode(node));
  }

  /** Every shard has all accounts: whoever belongs to one may be anywhere. */
  async accounts(workspaceId: string, accounts: readonly DirtyAccount[]): Promise<void> {
    const rows = accounts.map((account) => accountRow(workspaceId, account));
    await this.shards.each((client) => insertRows(client, 'account', rows));
  }

  /** Every shard has all items. */
  async items(workspaceId: string, items: readonly DirtyItem[]): Promise<void> {
    const rows = items.map((item) => itemRow(workspaceId, item));
    await this.shards.each((client) => insertRows(client, 'lookup_item', rows));
  }

  /** Rows that are there of an erased person. */
  async countErased(workspaceId: string, { persons, nodes }: Erasure): Promise<number> {
    const query = ['event', 'node_person', 'audience_list', 'profile']
      .map(
        (
          table,
        ) => `SELECT count() AS n FROM ${CLICKHOUSE_DATABASE}.${table} WHERE workspace_id = {workspaceId: UUID}
          AND ${table === 'profile' ? 'person IN {persons: Array(UInt32)}' : 'node IN {nodes: Array(UInt32)}'}`,
      )
      .join(' UNION ALL ');
    const counts = await this.shards.each(async (client) => {
      const query_params = { workspaceId, persons, nodes };
      const answer = await client.query({ query, query_params, format: 'JSONEachRow' });
      return answer.json<{ n: string }>();
    });
    return counts.flat().reduce((sum, { n }) => sum + Number(n), 0);
  }

  /** On every shard, for a person's rows may have moved. */
  async erase(workspaceId: string, erasures: readonly Erasure[]): Promise<void> {
    if (erasures.length === 0) return;
    const persons = erasures.flatMap((erasure) => erasure.persons);
    const nodes = erasures.flatMap((erasure) => erasure.nodes);
    await this.remove('event', 'node', workspaceId, nodes);
    await this.remove('node_person', 'node', workspaceId, nodes);
    await this.remove('audience_list', 'node', workspaceId, nodes);
    await this.remove('profile', 'person', workspaceId, persons);
  }

  private async spread<T extends { row: Record<string, unknown> }>(
    table: string,
    rows: readonly T[],
    shardOf: (row: T) => number,
    token?: string,
  ): Promise<void> {
    const parts = [...byShard(rows, shardOf)];
    await Promise.all(
      parts.map(([shard, part]) =>
        insertRows(
          this.shards.at(shard),
          table,
          part.map(({ row }) => row),
          token,
        ),
      ),
    );
  }

  private async remove(table: string, key: string, workspaceId: string, ids: number[]): Promise<void> {
    if (ids.length === 0) return;
    await this.shards.each((client) =>
      client.command({
        query: `DELETE FROM ${CLICKHOUSE_DATABASE}.${table}
                WHERE workspace_id = {workspaceId: UUID} AND ${key} IN {ids: Array(UInt32)}`,
        query_params: { workspaceId, ids },
      }),
    );
  }
}
