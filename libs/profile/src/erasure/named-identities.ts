import { Claim, claimsOf, Namespace, previousClaims } from '@percorso/identity';
import { ParsedItem } from '@percorso/ingest';
import { mentionsOf } from './mentions';

/** Everybody an item names; of an item that names nobody properly, everybody it could mean. */
export function namedIdentities(
  parsed: ParsedItem,
  raw: () => unknown,
  namespaces: readonly Namespace[],
): Claim[] {
  if ('ok' in parsed) {
    const claims = [...claimsOf(parsed.ok, namespaces), ...previousClaims(parsed.ok.previousId, namespaces)];
    if (claims.length > 0) return claims;
  }
  return mentionsOf(raw(), namespaces);
}

/** A payload as JSON, or as the text it is. */
export function readPayload(payload: Buffer): unknown {
  const text = payload.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
