import type { Verdict } from '@percorso/plugin-kit';

/** Shorter ones would blank half of every sentence, and are no secrets. */
const LEAST = 4;
const HIDDEN = '•••';

/** Verdicts whose words do not quote the connector's secrets, as some providers do. */
export function withoutSecrets(verdicts: readonly Verdict[], secrets: () => readonly string[]): Verdict[] {
  if (!verdicts.some((verdict) => verdict.status === 'rejected')) return [...verdicts];
  const known = secrets().filter(({ length }) => length >= LEAST);
  return verdicts.map((verdict) =>
    verdict.status === 'rejected'
      ? { ...verdict, reason: known.reduce((text, one) => text.replaceAll(one, HIDDEN), verdict.reason) }
      : verdict,
  );
}
