import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { CLICKHOUSE_DATABASE, Shards, Transaction } from '@percorso/storage';
import type { EventTime } from '../event-time';
import { byShard } from '../shard/places';
import { archiveReads } from './archive-metrics';
import { type ArchivedNode, type ArchiveEdge, readArchivedNodes, readEdge } from './event-archive.store';

/** An event as it was stored, whole. */
export interface ArchivedEvent {
  person: number;
  partition: number;
  pos: number;
  messageId: string;
  type: string;
  name: string;
  sourceId: string;
  occurredAt: Date;
  receivedAt: Date;
  properties: Record<string, unknown>;
  /** What of it profiles are made of. */
  context: Record<string, unknown>;
  /** Under which it came. */
  identity: { namespace: string; value: string };
}

/** A time in which things were received, or occurred, `until` not included. */
export interface EventWindow {
  from: Date;
  until: Date;
  by: EventTime;
}

/** Which of some persons' events are wanted; what is left out does not matter. */
export interface ArchiveAsk {
  names?: readonly string[];
  type?: string;
  /** Position at most. */
  until?: number;
  /** Received at or after, received at or before. */
  receivedFrom?: Date;
  receivedBy?: Date;
  /** Unix milliseconds: occurred at or after, occurred before. */
  from?: number;
  to?: number;
  /** The latest only, of those before `after` in the order of time, partition and position. */
  latest?: { count: number; after?: { at: Date; partition: number; pos: number } };
}

type Row = Omit<
  ArchivedEvent,
  'person' | 'identity' | 'occurredAt' | 'receivedAt' | 'pos' | 'properties' | 'context'
> & {
  node: number;
  pos: string;
  occurredMs: string;
  receivedMs: string;
  properties: string;
  context: string;
};

const OCCURRED = 'if(early_ms < 0, early_ms, toUnixTimestamp64Milli(occurred_at))';
const WITHIN = {
  received: `received_at >= {from: DateTime64(3, 'UTC')} AND received_at < {to: DateTime64(3, 'UTC')}`,
  occurred: `${OCCURRED} >= {fromMs: Int64} AND ${OCCURRED} < {toMs: Int64}`,
};
/** Readers hold a transaction meanwhile: they rather try again. */
const PATIENCE_SECONDS = 15;
/** Times that what is read may move to another shard meanwhile. */
const ATTEMPTS = 5;

/** The events that PostgreSQL has left to ClickHouse, read by person, as PostgreSQL would give them. */
@Injectable()
export class EventArchive {
  constructor(private readonly shards: Shards) {}

  /** Where the archive ends for this transaction. What comes after is read from PostgreSQL. */
  edge(tx: Transaction): Promise<ArchiveEdge> {
    return readEdge(tx);
  }

  /**
   * Events of persons up to the edge, in no order. ClickHouse is asked only about nodes that were there before it.
   * @throws Problem 503 `older-events-unavailable` when ClickHouse does not answer
   */
  async events(
    tx: Transaction,
    edge: ArchiveEdge,
    persons: readonly number[],
    ask: ArchiveAsk,
  ): Promise<ArchivedEvent[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const nodes = await readArchivedNodes(tx, edge, persons, this.shards.count);
      if (nodes.length === 0) return [];
      if (attempt === 1) archiveReads.inc(new Set(nodes.map(({ person }) => person)).size);
      const events = await this.read(tx.workspaceId!, edge, nodes, ask).catch((error: unknown) => {
        throw unavailable(error);
      });
      // Rows that come back to a shard are first removed there: what was read meanwhile may lack some.
      if (this.shards.count === 1 || (await this.stayed(tx, edge, persons, nodes))) return events;
    }
    throw unavailable(new Error('Persons keep moving between shards.'));
  }

  /**
   * Those of the nodes after `after` up to `until` that have events up to the edge called one of `names` within a time. Every shard is asked, so that it does not matter which has them.
   * @throws Problem 503 `older-events-unavailable` when ClickHouse does not answer
   */
  async nodesCalled(
    tx: Transaction,
    edge: ArchiveEdge,
    names: readonly string[],
    { from, until, by }: EventWindow,
    nodes: { after: number; until: number },
  ): Promise<Set<number>> {
    const { receivedBefore } = edge;
    const window = { from, to: until, fromMs: from.getTime(), toMs: until.getTime(), receivedBefore };
    const words = { workspaceId: tx.workspaceId, edge: edge.pos, names, ...window, ...nodes };
    const found = await this.shards
      .each(async (_client, shard) => {
        await this.shards.settleTable(shard, 'event');
        return this.ask<{ node: number }>(shard, nodesCalled(by), words);
      })
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    return new Set(found.flat().map(({ node }) => node));
  }

  private async stayed(
    tx: Transaction,
    edge: ArchiveEdge,
    persons: readonly number[],
    nodes: readonly ArchivedNode[],
  ): Promise<boolean> {
    const now = await readArchivedNodes(tx, edge, persons, this.shards.count);
    const places = new Map(now.map(({ node, place }) => [node, place]));
    return nodes.every(({ node, place }) => (places.get(node) ?? place) === place);
  }

  private async read(
    workspaceId: string,
    edge: ArchiveEdge,
    nodes: readonly ArchivedNode[],
    ask: ArchiveAsk,
  ): Promise<ArchivedEvent[]> {
    const byNode = new Map(nodes.map((node) => [node.node, node]));
    const parts = [...byShard(nodes, ({ shard }) => shard)];
    const found = await Promise.all(
      parts.map(async ([shard, own]) => {
        // A replica that has not yet what was moved here.
        if (own.some(({ place }) => place !== '')) await this.shards.settleTable(shard, 'event');
        const words = { ...parametersOf(workspaceId, edge, own), ...wordsOf(ask) };
        return this.ask<Row>(shard, queryOf(ask), words);
      }),
    );
    return found.flat().map((row) => eventOf(row, byNode.get(row.node)!));
  }

  private async ask<R>(shard: number, query: string, words: Record<string, unknown>): Promise<R[]> {
    const answer = await this.shards.at(shard).query({
      query,
      query_params: words,
      format: 'JSONEachRow',
      abort_signal: AbortSignal.timeout(PATIENCE_SECONDS * 1000),
      clickhouse_settings: { max_execution_time: PATIENCE_SECONDS },
    });
    return answer.json<R>();
  }
}

const parametersOf = (
  workspaceId: string,
  { pos, receivedBefore }: ArchiveEdge,
  nodes: readonly ArchivedNode[],
): Record<string, unknown> => ({
  workspaceId,
  edge: pos,
  receivedBefore,
  nodes: nodes.map(({ node }) => node),
  since: new Date(Math.max(0, Math.min(...nodes.map(({ since }) => since.getTime())))),
});

const wordsOf = ({
  names,
  type,
  until,
  receivedFrom,
  receivedBy,
  from,
  to,
  latest,
}: ArchiveAsk): Record<string, unknown> => ({
  ...{ names, type, until, receivedFrom, receivedBy, from, to },
  ...(latest && { count: latest.count }),
  ...(latest?.after && { ...latest.after, at: latest.after.at.getTime() }),
});

const nodesCalled = (by: EventTime): string => `SELECT DISTINCT node FROM ${CLICKHOUSE_DATABASE}.event
  WHERE workspace_id = {workspaceId: UUID} AND name IN {names: Array(String)} AND node > {after: UInt32}
    AND node <= {until: UInt32} AND pos <= {edge: UInt64} AND received_at < {receivedBefore: DateTime64(3, 'UTC')}
    AND ${WITHIN[by]}`;

function queryOf(ask: ArchiveAsk): string {
  const { names, type, until, receivedFrom, receivedBy, from, to, latest } = ask;
  const conditions = [
    'workspace_id = {workspaceId: UUID} AND node IN {nodes: Array(UInt32)} AND pos <= {edge: UInt64}',
    `received_at >= {since: DateTime64(3, 'UTC')} AND received_at < {receivedBefore: DateTime64(3, 'UTC')}`,
    names && 'name IN {names: Array(String)}',
    type !== undefined && 'type = {type: String}',
    until !== undefined && 'pos <= {until: UInt64}',
    receivedFrom && `received_at >= {receivedFrom: DateTime64(3, 'UTC')}`,
    receivedBy && `received_at <= {receivedBy: DateTime64(3, 'UTC')}`,
    from !== undefined && `${OCCURRED} >= {from: Int64}`,
    to !== undefined && `${OCCURRED} < {to: Int64}`,
    latest?.after && `(${OCCURRED}, partition, pos) < ({at: Int64}, {partition: UInt16}, {pos: UInt64})`,
  ];
  return `SELECT node, partition, pos, message_id AS messageId, type, name, source_id AS sourceId,
      ${OCCURRED} AS occurredMs, toUnixTimestamp64Milli(received_at) AS receivedMs, properties, context
    FROM ${CLICKHOUSE_DATABASE}.event WHERE ${conditions.filter(Boolean).join(' AND ')}
    ${latest ? 'ORDER BY occurredMs DESC, partition DESC, pos DESC LIMIT {count: UInt32}' : ''}`;
}

const eventOf = (
  { node: _node, pos, occurredMs, receivedMs, properties, context, ...row }: Row,
  { person, namespace, value }: ArchivedNode,
): ArchivedEvent => ({
  ...row,
  person,
  pos: Number(pos),
  occurredAt: new Date(Number(occurredMs)),
  receivedAt: new Date(Number(receivedMs)),
  properties: JSON.parse(properties) as Record<string, unknown>,
  context: context === '' ? {} : (JSON.parse(context) as Record<string, unknown>),
  identity: { namespace, value },
});

const unavailable = (cause: unknown): Problem =>
  new Problem({
    status: 503,
    code: 'older-events-unavailable',
    title: 'Older events cannot be read at the moment',
    detail: 'Older events are in ClickHouse only, which does not answer.',
    retryAfter: 5,
    cause,
  });
