import { hostname } from 'node:os';
import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import { BackgroundLoop } from '../background-loop';
import { Database } from '../database';
import { type LeaseKey, type LeaseKind, planLeases } from './lease-plan';
import {
  addLeases,
  claimLeases,
  forgetWorkers,
  heartbeat,
  type Held,
  leasesOf,
  readLeases,
  releaseLeases,
} from './lease.store';
import { heldLeases } from './lease-metrics';

/** Between heartbeats; a new process, and what a leaving one gave back, is noticed within this time. */
const LOOK_MS = 500;
/** Looks after which all leases are read, whether or not something seems to have changed. */
const WHOLE_LOOK = 20;

/**
 * This process's share of background work. Whoever works on a partition locks its lease in the transaction that does so
 * (`lockLeases`): what this class believes to hold is only where to look.
 */
@Injectable()
export class Leases implements OnApplicationShutdown {
  /** This process, among those that share the database. */
  readonly id = newId();
  private readonly name = `${hostname()}:${process.pid}`;
  private readonly kinds = new Set<LeaseKind>();
  private held = new Map<LeaseKind, Map<string, Held[]>>();
  private readonly listeners = new Set<() => void>();
  private signature = '';
  private looks = 0;
  private looking?: Promise<void>;
  private readonly loop = new BackgroundLoop({
    name: Leases.name,
    idleMs: LOOK_MS,
    turn: () => this.look(),
  });

  constructor(private readonly database: Database) {}

  /** Take part in this kind of work from now on. */
  serve(kind: LeaseKind): void {
    this.kinds.add(kind);
    this.loop.start();
  }

  /** Take no part in it any more; the others get its partitions at once. Nothing of it may be under way. */
  async leave(kind: LeaseKind): Promise<void> {
    if (!this.kinds.delete(kind)) return;
    await this.look();
    if (this.kinds.size > 0) return;
    await this.loop.stop();
    await this.database.control((tx) => forgetWorkers(tx, this.id));
  }

  async onApplicationShutdown(): Promise<void> {
    for (const kind of this.kinds) await this.leave(kind);
  }

  /** Partitions held of a workspace. */
  of(kind: LeaseKind, workspaceId: string): readonly Held[] {
    return this.held.get(kind)?.get(workspaceId) ?? [];
  }

  /** Workspaces of which it holds the first partition: for work that one process is to do. */
  firsts(kind: LeaseKind): string[] {
    return [...(this.held.get(kind) ?? [])].flatMap(([workspaceId, held]) =>
      held.some(({ partition }) => partition === 0) ? [workspaceId] : [],
    );
  }

  /** How many partitions it holds, by kind of work it takes part in. */
  counts(): Record<string, number> {
    const count = (kind: LeaseKind): number =>
      [...(this.held.get(kind)?.values() ?? [])].reduce((sum, { length }) => sum + length, 0);
    return Object.fromEntries([...this.kinds].map((kind) => [kind, count(kind)]));
  }

  /** Told whenever it holds others than before. Returns what takes the listener away again. */
  onChanged(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A workspace may have come that nobody has yet: do not wait for the next look. */
  nudge(): void {
    this.loop.nudge();
  }

  /** One look at who is there, and what that means for this process; one at a time. */
  async look(): Promise<void> {
    while (this.looking) await this.looking;
    this.looking = this.balance().finally(() => (this.looking = undefined));
    await this.looking;
  }

  private async balance(): Promise<void> {
    const kinds = [...this.kinds];
    const mine = await this.database.control(async (tx) => {
      // A heartbeat that is lost with the server is followed by another one.
      await tx.query(`SELECT set_config('synchronous_commit', 'off', true)`);
      const { workers, signature } = await heartbeat(tx, { id: this.id, name: this.name, kinds });
      this.looks += 1;
      if (signature !== '' && signature === this.signature && this.looks % WHOLE_LOOK !== 0) return undefined;
      this.signature = signature;
      await addLeases(tx, kinds);
      const { claim, release } = planLeases(this.id, workers, await readLeases(tx));
      await releaseLeases(tx, this.id, release);
      await claimLeases(tx, this.id, claim);
      // Not all may have been free yet.
      if (claim.length + release.length > 0) this.signature = '';
      await forgetWorkers(tx);
      return leasesOf(tx, this.id);
    });
    if (mine) this.take(mine);
  }

  private take(mine: readonly (LeaseKey & Held)[]): void {
    const held = new Map<LeaseKind, Map<string, Held[]>>();
    for (const { kind, workspaceId, partition, fence } of mine) {
      const workspaces = held.get(kind) ?? new Map<string, Held[]>();
      held.set(kind, workspaces);
      const own = workspaces.get(workspaceId) ?? [];
      workspaces.set(workspaceId, own);
      own.push({ partition, fence });
    }
    const changed = JSON.stringify(flat(held)) !== JSON.stringify(flat(this.held));
    this.held = held;
    for (const [kind, count] of Object.entries(this.counts())) heldLeases.set({ kind }, count);
    if (changed) for (const listener of this.listeners) listener();
  }
}

const flat = (held: ReadonlyMap<LeaseKind, ReadonlyMap<string, Held[]>>): unknown =>
  [...held].map(([kind, workspaces]) => [kind, [...workspaces]]);
