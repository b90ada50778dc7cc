import { Injectable, Logger } from '@nestjs/common';
import { NAMED_CHANNELS } from '@percorso/delivery';
import { DEFAULT_ZONE, isZone } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import { parseJourney } from '../../definition/parse-journey';
import { JourneyPlan, type JourneyState, type PlannedJourney, type PlannedVersion } from './journey-plan';

interface JourneyRow {
  id: string;
  name: string;
  state: JourneyState;
  liveVersion: number | null;
  version: string;
  pausedMs: string;
}

interface Loaded {
  /** Of journeys alone, and of all that the plan is made of. */
  journeys: string;
  signature: string;
  plan: JourneyPlan;
}

/** The plan of each workspace, read anew when a journey of it has changed. */
@Injectable()
export class PlanLoader {
  private readonly logger = new Logger(PlanLoader.name);
  private readonly loaded = new Map<string, Loaded>();

  async load(tx: Transaction): Promise<JourneyPlan> {
    const [journeys, { zone, channels }] = await Promise.all([journeysOf(tx), this.surroundings(tx)]);
    const ofJourneys = JSON.stringify(journeys);
    const signature = JSON.stringify([ofJourneys, zone, channels]);
    const known = this.loaded.get(tx.workspaceId!);
    if (known?.signature === signature) return known.plan;
    const versions = await this.versions(tx, journeys);
    const plan = new JourneyPlan(
      new Map(journeys.map((row) => [row.id, plannedOf(row, versions)])),
      versions,
      channels,
      zone,
    );
    this.loaded.set(tx.workspaceId!, { journeys: ofJourneys, signature, plan });
    return plan;
  }

  /** Whether no journey has changed since a plan was loaded. */
  async isCurrent(tx: Transaction, plan: JourneyPlan): Promise<boolean> {
    const journeys = JSON.stringify(await journeysOf(tx));
    const known = this.loaded.get(tx.workspaceId!);
    return known?.plan === plan && known.journeys === journeys;
  }

  /** The workspace's zone, an IANA name, and the channels on which messages are sent. */
  async surroundings(tx: Transaction): Promise<{ zone: string; channels: string[] }> {
    const [settings, channels] = await Promise.all([
      tx.query<{ zone: string | null }>(`SELECT settings->>'timezone' AS zone FROM workspace WHERE id = $1`, [
        tx.workspaceId,
      ]),
      tx.query<{ channel: string }>(
        `SELECT DISTINCT manifest->>'channel' AS channel FROM plugin_version
         WHERE workspace_id = $1 AND manifest->>'channel' IS NOT NULL ORDER BY 1`,
        [tx.workspaceId],
      ),
    ]);
    const { zone } = settings.rows[0] ?? {};
    return {
      zone: typeof zone === 'string' && isZone(zone) ? zone : DEFAULT_ZONE,
      channels: [...new Set([...NAMED_CHANNELS, ...channels.rows.map(({ channel }) => channel)])],
    };
  }

  /** Of each journey the live version, and those that somebody is on. */
  private async versions(
    tx: Transaction,
    journeys: readonly JourneyRow[],
  ): Promise<Map<string, PlannedVersion>> {
    const { rows } = await tx.query<Omit<PlannedVersion, 'definition'> & { definition: unknown }>(
      `SELECT journey_id AS "journeyId", version, coalesce(published_at, created_at) AS "publishedAt", definition
       FROM journey_version WHERE workspace_id = $1 AND journey_id = ANY($2::uuid[])
         AND (published_at IS NOT NULL OR (journey_id, version) IN (SELECT * FROM unnest($2::uuid[], $3::int[])))`,
      [tx.workspaceId, journeys.map(({ id }) => id), journeys.map(({ liveVersion }) => liveVersion)],
    );
    const versions = new Map<string, PlannedVersion>();
    for (const { definition, ...row } of rows) {
      const parsed = parseJourney(definition);
      if (parsed.ok) versions.set(`${row.journeyId} ${row.version}`, { ...row, definition: parsed.journey });
      else
        this.logger.error(
          `Version ${row.version} of journey ${row.journeyId} cannot be read; nobody moves on it.`,
        );
    }
    return versions;
  }
}

function plannedOf(row: JourneyRow, versions: ReadonlyMap<string, PlannedVersion>): PlannedJourney {
  const { id, name, state, liveVersion } = row;
  const taking = state === 'live' || state === 'test' || state === 'paused';
  const live = taking && liveVersion !== null ? versions.get(`${id} ${liveVersion}`) : undefined;
  return { id, name, state, pausedMs: Number(row.pausedMs), ...(live && { live }) };
}

/** Those that somebody may enter or is on, or whose goal may still count. */
async function journeysOf(tx: Transaction): Promise<JourneyRow[]> {
  const { rows } = await tx.query<JourneyRow>(
    `SELECT id, name, state, live_version AS "liveVersion", version, paused_ms AS "pausedMs" FROM journey
     WHERE workspace_id = $1 AND (state NOT IN ('draft', 'stopped') OR followed_until IS NOT NULL) ORDER BY id`,
    [tx.workspaceId],
  );
  return rows;
}
