import { Inject, Injectable } from '@nestjs/common';
import type { ClickHouseClient } from '@clickhouse/client';
import { CLICKHOUSE, CLICKHOUSE_DATABASE } from '@percorso/storage';
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
import { Erasure } from './load-snapshot';

/** Writes the loader's rows to ClickHouse. Each call may be repeated without adding rows. */
@Injectable()
export class ClickHouseWriter {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** One block of events; ClickHouse drops it when it has seen `token`. */
  async events(workspaceId: string, events: readonly StoredEvent[], token: string): Promise<void> {
    await this.insert(
      'event',
      events.map((event) => eventRow(workspaceId, event)),
      token,
    );
  }

  async profiles(workspaceId: string, profiles: readonly DirtyProfile[]): Promise<void> {
    await this.insert(
      'profile',
      profiles.map((profile) => profileRow(workspaceId, profile)),
    );
  }

  async nodes(workspaceId: string, nodes: readonly DirtyNode[]): Promise<void> {
    await this.insert(
      'node_person',
      nodes.map((node) => nodeRow(workspaceId, node)),
    );
  }

  async accounts(workspaceId: string, accounts: readonly DirtyAccount[]): Promise<void> {
    await this.insert(
      'account',
      accounts.map((account) => accountRow(workspaceId, account)),
    );
  }

  async listings(workspaceId: string, listings: readonly DirtyListing[]): Promise<void> {
    await this.insert(
      'audience_list',
      listings.map((listing) => listingRow(workspaceId, listing)),
    );
  }

  async items(workspaceId: string, items: readonly DirtyItem[]): Promise<void> {
    await this.insert(
      'lookup_item',
      items.map((item) => itemRow(workspaceId, item)),
    );
  }

  /** Rows that are there of an erased person. */
  async countErased(workspaceId: string, { persons, nodes }: Erasure): Promise<number> {
    const answer = await this.clickhouse.query({
      query: ['event', 'node_person', 'audience_list', 'profile']
        .map(
          (
            table,
          ) => `SELECT count() AS n FROM ${CLICKHOUSE_DATABASE}.${table} WHERE workspace_id = {workspaceId: UUID}
            AND ${table === 'profile' ? 'person IN {persons: Array(UInt32)}' : 'node IN {nodes: Array(UInt32)}'}`,
        )
        .join(' UNION ALL '),
      query_params: { workspaceId, persons, nodes },
      format: 'JSONEachRow',
    });
    const counts = await answer.json<{ n: string }>();
    return counts.reduce((sum, { n }) => sum + Number(n), 0);
  }

  async erase(workspaceId: string, erasures: readonly Erasure[]): Promise<void> {
    if (erasures.length === 0) return;
    const persons = erasures.flatMap((erasure) => erasure.persons);
    const nodes = erasures.flatMap((erasure) => erasure.nodes);
    await this.remove('event', 'node', workspaceId, nodes);
    await this.remove('node_person', 'node', workspaceId, nodes);
    await this.remove('audience_list', 'node', workspaceId, nodes);
    await this.remove('profile', 'person', workspaceId, persons);
  }

  private async insert(table: string, values: Record<string, unknown>[], token?: string): Promise<void> {
    if (values.length === 0) return;
    await this.clickhouse.insert({
      table: `${CLICKHOUSE_DATABASE}.${table}`,
      values,
      format: 'JSONEachRow',
      clickhouse_settings: {
        async_insert: 0,
        ...(token === undefined ? {} : { insert_deduplicate: 1, insert_deduplication_token: token }),
      },
    });
  }

  private async remove(table: string, key: string, workspaceId: string, ids: number[]): Promise<void> {
    if (ids.length === 0) return;
    await this.clickhouse.command({
      query: `DELETE FROM ${CLICKHOUSE_DATABASE}.${table}
              WHERE workspace_id = {workspaceId: UUID} AND ${key} IN {ids: Array(UInt32)}`,
      query_params: { workspaceId, ids },
    });
  }
}
