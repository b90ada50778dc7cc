import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** Who is inside a journey, counted. */
@Injectable()
export class InsideStore {
  async isAnybody(tx: Transaction, journeyId: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      `SELECT FROM journey_instance WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' LIMIT 1`,
      [tx.workspaceId, journeyId],
    );
    return rowCount === 1;
  }

  async byVersion(tx: Transaction, journeyId: string): Promise<{ version: number; instances: number }[]> {
    const { rows } = await tx.query<{ version: number; instances: number }>(
      `SELECT version, count(*)::float8 AS instances FROM journey_instance
       WHERE workspace_id = $1 AND journey_id = $2 AND state = 'active' GROUP BY version ORDER BY version`,
      [tx.workspaceId, journeyId],
    );
    return rows;
  }

  /** How many of a version wait at each of these steps. */
  async waiting(
    tx: Transaction,
    journeyId: string,
    version: number,
    steps: readonly string[],
  ): Promise<Map<string, number>> {
    if (steps.length === 0) return new Map();
    const { rows } = await tx.query<{ step: string; instances: number }>(
      `SELECT token->>'step' AS step, count(DISTINCT id)::float8 AS instances
       FROM journey_instance CROSS JOIN LATERAL jsonb_array_elements(tokens) token
       WHERE workspace_id = $1 AND journey_id = $2 AND version = $3 AND state = 'active'
         AND token->>'step' = ANY($4::text[]) GROUP BY 1`,
      [tx.workspaceId, journeyId, version, steps],
    );
    return new Map(rows.map(({ step, instances }) => [step, instances]));
  }
}
