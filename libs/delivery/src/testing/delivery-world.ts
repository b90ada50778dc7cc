import { newId } from '@percorso/kernel';
import type { Database } from '@percorso/storage';
import type { Client, QueryResult, QueryResultRow } from 'pg';
import { recordEffects } from '../effect-ledger';
import type { NewEffect } from '../effect';

/** A workspace in PostgreSQL with what effects refer to, made directly so that specs need no other lib. */
export class DeliveryWorld {
  constructor(
    private readonly database: Database,
    private readonly owner: Client,
    readonly workspaceId = newId(),
  ) {}

  /** The same of a workspace that somebody else made. */
  of(workspaceId: string): DeliveryWorld {
    return new DeliveryWorld(this.database, this.owner, workspaceId);
  }

  /** A second workspace beside this one. */
  async another(): Promise<DeliveryWorld> {
    const other = this.of(newId());
    await other.create();
    return other;
  }

  /** What row-level security or a role keeps from the hub itself. */
  asOwner<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<QueryResult<R>> {
    return this.owner.query<R>(text, values);
  }

  async create(settings: object = { unknownConsent: 'allow' }): Promise<void> {
    await this.asOwner(
      `INSERT INTO percorso.workspace (id, name, settings, created_at, updated_at) VALUES ($1, 'spec', $2, now(), now())`,
      [this.workspaceId, JSON.stringify(settings)],
    );
  }

  async connector(): Promise<string> {
    const id = newId();
    await this.database.tx(this.workspaceId, (tx) =>
      tx.query(
        `INSERT INTO connector (workspace_id, id, plugin_id, name, settings, created_at, updated_at)
         VALUES ($1, $2, 'spec', 'spec', '{}', now(), now())`,
        [this.workspaceId, id],
      ),
    );
    return id;
  }

  async profiles(persons: number[], consent: object = {}): Promise<void> {
    await this.database.tx(this.workspaceId, (tx) =>
      tx.query(
        `INSERT INTO profile (workspace_id, person, id, consent, created_at, updated_at)
         SELECT $1, person, gen_random_uuid(), $3, now(), now() FROM unnest($2::int[]) AS person
         ON CONFLICT (workspace_id, person) DO UPDATE SET consent = $3`,
        [this.workspaceId, persons, JSON.stringify(consent)],
      ),
    );
  }

  async record(
    connectorId: string,
    syncId: string,
    effects: (Partial<NewEffect> & { person: number })[],
    now = new Date(),
  ): Promise<void> {
    await this.database.tx(this.workspaceId, (tx) =>
      recordEffects(
        tx,
        effects.map((effect) => {
          const membershipVersion = effect.membershipVersion ?? '1';
          return {
            key: `sync:${syncId}:${effect.person}:${membershipVersion}`,
            runId: newId(),
            syncId,
            connectorId,
            profileId: newId(),
            membershipVersion,
            operation: 'upsert' as const,
            payload: { id: effect.person, version: membershipVersion },
            ...effect,
          };
        }),
        now,
      ),
    );
  }

  /** How many effects stand in each state. */
  async states(connectorId: string): Promise<Record<string, number>> {
    const rows = await this.rows(connectorId);
    return rows.reduce<Record<string, number>>(
      (counts, { state }) => ({ ...counts, [state]: (counts[state] ?? 0) + 1 }),
      {},
    );
  }

  async rows(connectorId: string): Promise<EffectRow[]> {
    const { rows } = await this.database.tx(this.workspaceId, (tx) =>
      tx.query<EffectRow>(
        `SELECT person, membership_version AS version, state, reason_code AS code, reason, attempt, provider_id AS "providerId",
                due_at = 'infinity' AS listed
         FROM effect WHERE workspace_id = $1 AND connector_id = $2 ORDER BY person, membership_version`,
        [this.workspaceId, connectorId],
      ),
    );
    return rows;
  }

  /** What was noted of each try, in order. */
  async attempts(connectorId: string): Promise<AttemptRow[]> {
    const { rows } = await this.database.tx(this.workspaceId, (tx) =>
      tx.query<AttemptRow>(
        `SELECT a.attempt, a.outcome, a.code, a.started_at <= a.ended_at AS "inOrder"
         FROM effect_attempt a JOIN effect e ON e.workspace_id = a.workspace_id AND e.id = a.effect_id
         WHERE a.workspace_id = $1 AND e.connector_id = $2 ORDER BY e.person, a.attempt`,
        [this.workspaceId, connectorId],
      ),
    );
    return rows;
  }
}

export interface AttemptRow {
  attempt: number;
  outcome: string;
  code: string | null;
  inOrder: boolean;
}

export interface EffectRow {
  person: number;
  version: string;
  state: string;
  code: string | null;
  reason: string | null;
  attempt: number;
  providerId: string | null;
  listed: boolean;
}
