import { Inject, Injectable } from '@nestjs/common';
import { Clock, CLOCK } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { ClickHouseWriter } from './clickhouse.writer';
import { confirmEvents, confirmLoad, type FrozenLoad, freezeBatch } from './load-cursor.store';
import { noteClickHouseRows } from './erasure/clickhouse-place.store';
import { Erasure, LoadSnapshot, PartitionLoad, readLoadSnapshot } from './load-snapshot';
import { type LoadLock, PATIENCE, withLoadLock } from './load-lock';
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
  patience = PATIENCE;

  constructor(
    private readonly database: Database,
    private readonly writer: ClickHouseWriter,
    private readonly mover: Mover,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** One turn, unless another process is at it: then undefined. */
  async turn(workspaceId: string): Promise<LoadTurn | undefined> {
    const held = await this.hold(workspaceId, (lock) => this.load(workspaceId, lock));
    return held?.result;
  }

  /** Keep others from loading while `work` runs; undefined when another process is at it. */
  hold<T>(workspaceId: string, work: (lock: LoadLock) => Promise<T>): Promise<{ result: T } | undefined> {
    return withLoadLock(this.database, workspaceId, this.patience, work);
  }

  /** One turn of who holds the lock. */
  async load(workspaceId: string, lock: LoadLock): Promise<LoadTurn> {
    const { snapshot: read, places } = await this.database.snapshot(workspaceId, async (tx) => {
      const snapshot = await readLoadSnapshot(tx);
      return { snapshot, places: await readPlaces(tx, workspaceId, snapshot, this.writer.shardCount) };
    });
    await this.erase(workspaceId, read.erasures, lock);
    const snapshot = { ...read, partitions: await this.loadEvents(workspaceId, read, places, lock) };
    const settled = await this.gather(workspaceId, snapshot, places, lock);
    await lock.assertHeld();
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
  private async gather(
    workspaceId: string,
    snapshot: LoadSnapshot,
    places: Places,
    lock: LoadLock,
  ): Promise<Places> {
    const broken = places.pending();
    const resumed = places.after(broken);
    const moves = resumed.moves(snapshot.nodes);
    if (broken.length + moves.length === 0) return places;
    await this.database.tx(workspaceId, (tx) => confirmEvents(tx, snapshot.partitions));
    await this.mover.move(workspaceId, broken, lock);
    await this.mover.move(workspaceId, moves, lock);
    return resumed.after(moves);
  }

  private async erase(workspaceId: string, erasures: readonly Erasure[], lock: LoadLock): Promise<void> {
    if (erasures.length === 0) return;
    await lock.assertHeld();
    for (const erasure of erasures) {
      const rows = await this.writer.countErased(workspaceId, erasure);
      await this.database.tx(workspaceId, (tx) => noteClickHouseRows(tx, erasure.id, rows));
    }
    await this.writer.erase(workspaceId, erasures);
  }

  /** @returns the partitions, each with the token under which its events went */
  private async loadEvents(
    workspaceId: string,
    snapshot: LoadSnapshot,
    places: Places,
    lock: LoadLock,
  ): Promise<(PartitionLoad | FrozenLoad)[]> {
    const loaded: (PartitionLoad | FrozenLoad)[] = [];
    for (const partition of snapshot.partitions) {
      if (partition.events.length === 0) {
        loaded.push(partition);
        continue;
      }
      const load = await this.database.tx(workspaceId, (tx) => freezeBatch(tx, partition));
      // Of somebody erased since, nothing is written any more.
      await lock.assertHeld();
      await this.writer.events(workspaceId, load.events, load.token, places);
      loaded.push(load);
    }
    return loaded;
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
