import { Injectable } from '@nestjs/common';
import { IngestWriter } from '@percorso/ingest';
import { contentHash } from '@percorso/kernel';
import type { ProfileDocument } from '@percorso/profile';
import { type ListChange, Listing } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { Command } from '../../engine/protocol';
import { visitKey } from '../../engine/visit-key';
import type { Moved } from '../walk/turn';
import { storableJson } from './storable-json';

/** What journeys say of a profile: as an item of the ingest log, or as a change of an uploaded list. */
export type Saying = { say: object } | { list: Omit<ListChange, 'person'> };

export interface OutboxRow {
  person: number;
  saying: Saying;
}

interface KeptRow extends OutboxRow {
  n: string;
}

/** Rows of one step. */
const MOST = 500;

/** Named as the source of what journeys say, beside write keys and connectors. */
const SOURCE = 'journeys';

/**
 * Carries what journeys say of profiles to the ingest log and to lists, in its order for a person. It is kept with the step
 * that says it and said afterwards: again after a crash, where its messageId makes it count once.
 */
@Injectable()
export class Outbox {
  private readonly draining = new Map<string, Promise<number>>();

  constructor(
    private readonly database: Database,
    private readonly ingest: IngestWriter,
    private readonly lists: Listing,
  ) {}

  add(tx: Transaction, rows: readonly OutboxRow[]): void {
    if (rows.length === 0) return;
    tx.send(
      `INSERT INTO journey_outbox (workspace_id, person, item)
       SELECT $1, * FROM unnest($2::int[], $3::jsonb[])`,
      [tx.workspaceId, rows.map(({ person }) => person), rows.map(({ saying }) => storableJson(saying))],
    );
  }

  /** Say what waits, up to a step's worth, one step after the other. @returns how many */
  drain(workspaceId: string, now: Date): Promise<number> {
    const before = this.draining.get(workspaceId) ?? Promise.resolve(0);
    const step = before.catch(() => 0).then(() => this.step(workspaceId, now));
    this.draining.set(workspaceId, step);
    return step.finally(() => {
      if (this.draining.get(workspaceId) === step) this.draining.delete(workspaceId);
    });
  }

  private async step(workspaceId: string, now: Date): Promise<number> {
    const rows = await this.database.statement<KeptRow>(
      workspaceId,
      `SELECT o.n, coalesce(node.person, o.person) AS person, o.item AS saying FROM journey_outbox o
       LEFT JOIN identity_node node ON node.workspace_id = o.workspace_id AND node.node = o.person
       WHERE o.workspace_id = $1 ORDER BY o.n LIMIT $2`,
      [workspaceId, MOST],
    );
    if (rows.length === 0) return 0;
    const items = rows.flatMap(({ saying }) => ('say' in saying ? [saying.say] : []));
    if (items.length > 0) {
      await this.ingest.accept({ workspaceId, sourceId: SOURCE, items, receivedAt: now });
    }
    await this.database.tx(workspaceId, async (tx) => {
      // Of two processes that are at it, one changes the lists.
      const { rows: mine } = await tx.query<{ n: string }>(
        'DELETE FROM journey_outbox WHERE workspace_id = $1 AND n = ANY($2::bigint[]) RETURNING n',
        [workspaceId, rows.map(({ n }) => n)],
      );
      const left = new Set(mine.map(({ n }) => n));
      const changes = rows.flatMap(({ n, person, saying }) =>
        left.has(n) && 'list' in saying ? [{ person, ...saying.list }] : [],
      );
      await this.lists.change(tx, changes, now);
    });
    return rows.length;
  }
}

/** What an instance's steps say of its profile; what cannot be said of a profile that nobody can name is left out. */
export function sayingsOf({ instance, commands }: Moved, profile: ProfileDocument | undefined): OutboxRow[] {
  const { person } = instance;
  const who = profile && whoIs(profile);
  return commands.flatMap(({ command, at }): OutboxRow[] => {
    if (command.kind === 'list') {
      const { audienceId, op } = command;
      return [{ person, saying: { list: { audienceId, op } } }];
    }
    const said = saidBy(command);
    if (!said || !who) return [];
    const messageId = shortened(`${visitKey(instance, command.visit)}:${said.about}`);
    const timestamp = new Date(at).toISOString();
    return [{ person, saying: { say: { type: 'identify', messageId, ...who, timestamp, ...said.what } } }];
  });
}

function saidBy(command: Command): { about: string; what: object } | undefined {
  if (command.kind === 'traits') return { about: 'traits', what: { traits: command.traits } };
  if (command.kind !== 'consent') return undefined;
  const { channel, topic, is } = command;
  const about = topic === undefined ? channel : `${channel}:${topic}`;
  return { about, what: { context: { consent: { categoryPreferences: { [about]: is === 'granted' } } } } };
}

/** As the hub's own events name persons. */
function whoIs({ identities }: ProfileDocument): { userId?: string; anonymousId?: string } | undefined {
  const [userId] = identities['user_id'] ?? [];
  const [anonymousId] = identities['anonymous_id'] ?? [];
  if (userId !== undefined) return { userId };
  return anonymousId === undefined ? undefined : { anonymousId };
}

/** What ingest takes as a messageId. */
const LONGEST = 100;

const shortened = (id: string): string => (id.length <= LONGEST ? id : contentHash({ id }));
