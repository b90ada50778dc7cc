import type { Transaction } from '@percorso/storage';

/** How many times shorter waits of marked profiles are: journey and person -> speed. */
export async function readSpeeds(
  tx: Transaction,
  journeys: readonly string[],
  persons: readonly number[],
): Promise<Map<string, number>> {
  if (journeys.length === 0 || persons.length === 0) return new Map();
  const { rows } = await tx.query<{ journeyId: string; person: number; speed: number }>(
    `SELECT t.journey_id AS "journeyId", p.person, t.speed FROM journey_test_profile t
     JOIN profile p ON p.workspace_id = t.workspace_id AND p.id = t.profile_id
     WHERE t.workspace_id = $1 AND t.journey_id = ANY($2::uuid[]) AND p.person = ANY($3::int[])`,
    [tx.workspaceId, journeys, persons],
  );
  return new Map(rows.map(({ journeyId, person, speed }) => [`${journeyId} ${person}`, speed]));
}
