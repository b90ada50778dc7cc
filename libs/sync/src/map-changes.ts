import type { MappingResult, MappingRunner } from '@percorso/mapping';
import type { ProfileDocument } from '@percorso/profile';
import { inputDocument } from './input-document';
import type { Change } from './plan-row';
import type { RunRow } from './run.store';

/**
 * What an expression makes of each change whose member has a profile; the others are missing from the answer. `$now`
 * is `at` and `$random` is bound to the intent: mapping the same change again gives the same payload.
 */
export async function mapChanges<C extends Change>(
  mappings: MappingRunner,
  expression: string,
  run: Pick<RunRow, 'syncId' | 'audienceId' | 'audienceName'>,
  changes: readonly C[],
  documents: ReadonlyMap<number, ProfileDocument>,
  at: Date,
): Promise<Map<C, MappingResult>> {
  const audience = { id: run.audienceId, name: run.audienceName };
  const known = changes.filter(({ person }) => documents.has(person));
  const results = await mappings.run(
    expression,
    known.map((change) => inputDocument(documents.get(change.person)!, audience, change, at)),
    { bindings: known.map(({ person, version }) => ({ seed: `${run.syncId}:${person}:${version}`, at })) },
  );
  return new Map(known.map((change, index) => [change, results[index]!]));
}
