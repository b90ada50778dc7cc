import type { EffectState } from '@percorso/delivery';
import { contentHash } from '@percorso/kernel';
import type { Change, Plan } from './plan-row';

/** The newest intent of a sync for one person, whatever became of it. */
export interface NewestEffect {
  person: number;
  version: number;
  state: EffectState;
  contentHash: string | null;
  reasonCode: string | null;
  pointer: string | null;
}

/** States in which an intent said what there was to say; what was let go, or not allowed then, is told anew. */
const SAID: readonly EffectState[] = ['pending', 'sending', 'accepted', 'rejected', 'unknown'];

/** Whether a version of a membership is to be told, given what was told of it. */
export function isNews(
  change: Pick<Change, 'op' | 'version'>,
  plan: Plan,
  newest: NewestEffect | undefined,
  again: 'always' | 'when-changed' | 'never',
): boolean {
  if (!newest || newest.version < change.version) return true;
  // A later version was told already: this one would be superseded.
  if (newest.version > change.version || change.op === 'exit' || again === 'never') return false;
  if (again === 'always') return true;
  if (plan.dropped) {
    return (
      newest.state !== 'dropped' ||
      newest.reasonCode !== plan.dropped.code ||
      newest.pointer !== (plan.dropped.pointer ?? null)
    );
  }
  // The provider was out of reach, no fault of the row's.
  if (!SAID.includes(newest.state) || newest.reasonCode === 'retries-exhausted') return true;
  return newest.contentHash !== contentHash(plan.payload!);
}

/** The key of an intent: of a version that was told before, one for each run that tells it anew. */
export function effectKey(
  sync: string,
  change: Pick<Change, 'person' | 'version'>,
  newest: NewestEffect | undefined,
  runNumber: number,
): string {
  const key = `sync:${sync}:${change.person}:${change.version}`;
  return newest?.version === change.version ? `${key}:${runNumber}` : key;
}
