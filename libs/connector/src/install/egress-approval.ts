import { canonicalJson, Problem } from '@percorso/kernel';
import type { Egress } from '@percorso/plugin-kit';

/** What `wanted` reaches and `approved` does not. */
export function widening(wanted: Egress[], approved: Egress[] | null): Egress[] {
  const known = new Set((approved ?? []).map((one) => canonicalJson(one)));
  return wanted.filter((one) => !known.has(canonicalJson(one)));
}

/** @throws Problem 422 unless the admin names exactly the places that the manifest does */
export function assertApproves(given: unknown[], wanted: Egress[]): void {
  const missing = widening(wanted, given as Egress[]);
  const extra = widening(given as Egress[], wanted);
  if (missing.length === 0 && extra.length === 0) return;
  const list = (places: Egress[]): string => places.map((one) => JSON.stringify(one)).join(', ');
  const parts = [
    ...(missing.length > 0 ? [`it reaches ${list(missing)}, which you did not approve`] : []),
    ...(extra.length > 0 ? [`you approve ${list(extra.slice(0, 5))}, which it does not ask for`] : []),
  ];
  throw Problem.invalid(
    [{ pointer: '/egress', code: 'egress-differs', message: 'must be exactly the egress of this version' }],
    `Approve exactly what the version asks for: ${parts.join('; ')}.`,
  );
}
