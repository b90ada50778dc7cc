import { Inject, Injectable } from '@nestjs/common';
import { Clock, CLOCK } from '@percorso/kernel';
import { CLICKHOUSE_DATABASE, Database, eachInTurn, Shards } from '@percorso/storage';
import { type ArchiveStep, clearArchived, moveEdge, nextStep, wholeUntil } from './archiver.store';

/** Days that PostgreSQL keeps events; undefined: all. */
export const EVENT_DAYS = Symbol('EventDays');

const DAY_MS = 86_400_000;
/** Partitions dropped in one transaction. */
const MOST = 20;

/**
 * Lets events older than some days live in ClickHouse only. In two steps, each of which may be broken off: readers are told
 * to take them from there, and what PostgreSQL has of them goes long after, when no transaction can still look for it.
 */
@Injectable()
export class EventArchiver {
  /** From telling readers to dropping: also the time for which ClickHouse must have had what it confirmed. */
  grace = '12 hours';

  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_DAYS) private readonly days: number | undefined,
  ) {}

  /** Drop what may go, then move every workspace's edge on. @returns the dropped partitions */
  async turn(stopping: () => boolean = () => false): Promise<string[]> {
    if (this.days === undefined) return [];
    const today = Math.floor(this.clock.now().getTime() / DAY_MS);
    const before = new Date((today - this.days) * DAY_MS);
    const dropped: string[] = [];
    let some: string[];
    do {
      some = await this.database.control((tx) => clearArchived(tx, before, this.grace, MOST));
      dropped.push(...some);
    } while (some.length === MOST && !stopping());
    await eachInTurn(await this.database.workspaceIds(), stopping, async (workspaceId) => {
      await this.advance(workspaceId, before);
      return 0;
    });
    return dropped;
  }

  private async advance(workspaceId: string, before: Date): Promise<void> {
    const step = await this.database.tx(workspaceId, (tx) => nextStep(tx, before));
    if (!step) return;
    if (await this.someAreBare(workspaceId, step, before)) {
      step.to = await this.database.tx(workspaceId, (tx) => wholeUntil(tx, step));
    }
    if (step.to > step.after) await this.database.tx(workspaceId, (tx) => moveEdge(tx, step, before));
  }

  /** Whether ClickHouse has events of the step from a release whose loader left out what profiles are made of. */
  private async someAreBare(workspaceId: string, { after, to }: ArchiveStep, before: Date): Promise<boolean> {
    const found = await this.shards.each(async (client) => {
      const answer = await client.query({
        query: `SELECT 1 AS bare FROM ${CLICKHOUSE_DATABASE}.event
                WHERE workspace_id = {workspaceId: UUID} AND pos > {after: UInt64} AND pos <= {to: UInt64}
                  AND received_at < {before: DateTime64(3, 'UTC')} AND context = '' LIMIT 1`,
        query_params: { workspaceId, after, to, before },
        format: 'JSONEachRow',
      });
      return answer.json();
    });
    return found.some((rows) => rows.length > 0);
  }
}
