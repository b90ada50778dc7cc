import { Namespace } from './namespace';
import { normalizeIdentity } from './normalize-identity';

/** One identity an event names, in its normal form. */
export interface Claim {
  namespace: string;
  value: string;
}

/** The parts of an ingested item that name identities. */
export interface ClaimSource {
  type: string;
  userId?: string;
  anonymousId?: string;
  previousId?: string;
  traits?: Record<string, unknown>;
  context?: Record<string, unknown>;
}

const field = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)[key]
    : undefined;

/** Namespaces by priority, the strongest first; equal priorities by code, so that the order never depends on luck. */
export function byPriority(namespaces: Iterable<Namespace>): Namespace[] {
  return [...namespaces].sort(
    (a, b) => a.priority - b.priority || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}

/**
 * The identities an event claims, strongest first. `namespaces` must be in the order of `byPriority`. Email and phone
 * are claims of identify calls only: in other calls' traits they may describe someone else.
 */
export function claimsOf(item: ClaimSource, namespaces: readonly Namespace[]): Claim[] {
  const said = new Map<string, unknown[]>();
  const say = (namespace: string, value: unknown): void => {
    const values = said.get(namespace);
    if (values) values.push(value);
    else said.set(namespace, [value]);
  };
  if (item.userId !== undefined) say('user_id', item.userId);
  if (item.anonymousId !== undefined) say('anonymous_id', item.anonymousId);
  if (item.type === 'identify') {
    say('email', item.traits?.email);
    say('phone', item.traits?.phone);
  }
  if (item.context) {
    const device = field(item.context.device, 'id');
    if (device !== undefined) say('device_id', device);
    const external = item.context.externalIds;
    if (Array.isArray(external)) {
      for (const entry of external) {
        const type = field(entry, 'type');
        if (typeof type === 'string') say(type, field(entry, 'id'));
      }
    }
  }
  const claims: Claim[] = [];
  for (const { code, normalization } of namespaces) {
    const values = said.get(code);
    if (!values) continue;
    const seen = new Set<string>();
    for (const raw of values) {
      const value = normalizeIdentity(raw, normalization);
      if (value === undefined || seen.has(value)) continue;
      seen.add(value);
      claims.push({ namespace: code, value });
    }
  }
  return claims;
}

/** The identities an alias's previous id may be known under, in the order to look them up. */
export function previousClaims(previousId: string | undefined, namespaces: readonly Namespace[]): Claim[] {
  if (previousId === undefined) return [];
  return ['user_id', 'anonymous_id'].flatMap((code) => {
    const rule = namespaces.find((namespace) => namespace.code === code);
    const value = rule && normalizeIdentity(previousId, rule.normalization);
    return value === undefined ? [] : [{ namespace: code, value }];
  });
}
