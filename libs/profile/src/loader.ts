import { Inject, Injectable } from '@nestjs/common';
import { Clock, CLOCK } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { ClickHouseWriter } from './clickhouse.writer';
import { confirmEvents, confirmLoad, freezeBatch } from './load-cursor.store';
import { noteClickHouseRows } from './erasure/clickhouse-place.store';
import { Erasure, LoadSnapshot, readLoadSnapshot } from './load-snapshot';
import { tryLoadLock } from './locks';
import { Mover } from './shard/mover';
import type { Places } from './shard/places';
import { readPlaces } from './shard/places.store';

export interface LoadTurn {
  /** Whether ClickHouse now stands exactly at `positions`. */
  complete: boolean;
  /** Rows written. */
  rows: number;
  positions: { partition: number; pos: number }[];
}

/** Brings applied events, changed profiles and changed nodes to ClickHouse. */
@Injectable()
export class Loader {
  constructor(
    private readonly database: Database,
    private readonly writer: ClickHouseWriter,
    private readonly mover: Mover,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** One turn, unless another process is at it: then undefined. */
  turn(workspaceId: string): Promise<LoadTurn | undefined> {
    return this.database.tx(workspaceId, async (tx) =>
      (await tryLoadLock(tx, workspaceId)) ? this.load(workspaceId) : undefined,
    );
  }

  /** One turn; the caller holds the load lock. */
  async load(workspaceId: string): Promise<LoadTurn> {
    const { snapshot, places } = await this.database.snapshot(workspaceId, async (tx) => {
      const read = await readLoadSnapshot(tx);
      return { snapshot: read, places: await readPlaces(tx, workspaceId, read, this.writer.shardCount) };
    });
    await this.erase(workspaceId, snapshot.erasures);
    await this.loadEvents(workspaceId, snapshot, places);
    const settled = await this.gather(workspaceId, snapshot, places);
    await this.writer.profiles(workspaceId, snapshot.profiles, settled);
    await this.writer.nodes(workspaceId, snapshot.nodes, settled);
    await this.writer.accounts(workspaceId, snapshot.accounts);
    await this.writer.listings(workspaceId, snapshot.listings, settled);
    await this.writer.items(workspaceId, snapshot.items);
    if (!isEmpty(snapshot)) {
      await this.database.tx(workspaceId, (tx) => confirmLoad(tx, snapshot, this.clock.now()));
    }
    return {
      complete: snapshot.complete,
      rows: rowsOf(snapshot),
      positions: snapshot.partitions.map(({ partition, to }) => ({ partition, pos: to })),
    };
  }

  /** Whichever replica is asked has what was loaded. */
  settle(): Promise<void> {
    return this.writer.settle();
  }

  /**
   * Bring the homes of merged persons together on one shard. Where the events of this turn have gone is confirmed
   * first: after a crash they must be sent the same way.
   */
  private async gather(workspaceId: string, snapshot: LoadSnapshot, places: Places): Promise<Places> {
    const broken = places.pending();
    const resumed = places.after(broken);
    const moves = resumed.moves(snapshot.nodes);
    if (broken.length + moves.length === 0) return places;
    await this.database.tx(workspaceId, (tx) => confirmEvents(tx, snapshot.partitions));
    await this.mover.move(workspaceId, broken);
    await this.mover.move(workspaceId, moves);
    return resumed.after(moves);
  }

  private async erase(workspaceId: string, erasures: readonly Erasure[]): Promise<void> {
    for (const erasure of erasures) {
      const rows = await this.writer.countErased(workspaceId, erasure);
      await this.database.tx(workspaceId, (tx) => noteClickHouseRows(tx, erasure.id, rows));
    }
    await this.writer.erase(workspaceId, erasures);
  }

  private async loadEvents(workspaceId: string, snapshot: LoadSnapshot, places: Places): Promise<void> {
    for (const partition of snapshot.partitions) {
      if (partition.events.length === 0) continue;
      const load = await this.database.tx(workspaceId, (tx) => freezeBatch(tx, partition));
      await this.writer.events(workspaceId, load.events, load.token, places);
    }
  }
}

const rowsOf = ({ partitions, erasures, ...changed }: LoadSnapshot): number =>
  [changed.profiles, changed.nodes, changed.accounts, changed.listings, changed.items, erasures].reduce(
    (sum, rows) => sum + rows.length,
    partitions.reduce((sum, { events }) => sum + events.length, 0),
  );

const isEmpty = (snapshot: LoadSnapshot): boolean =>
  rowsOf(snapshot) === 0 &&
  snapshot.partitions.every(({ from, to, token }) => from >= to && token === undefined);
