export type Uniqueness = 'one' | 'many';
export type Normalization = 'none' | 'lowercase' | 'e164';

/** A kind of identity. `uniqueness`: identities of it one person may hold; `priority`: the lower wins. */
export interface Namespace {
  code: string;
  title: string;
  uniqueness: Uniqueness;
  priority: number;
  normalization: Normalization;
}

/** What every workspace starts with. */
export const DEFAULT_NAMESPACES: readonly Namespace[] = [
  { code: 'user_id', title: 'User ID', uniqueness: 'one', priority: 1, normalization: 'none' },
  { code: 'email', title: 'Email', uniqueness: 'many', priority: 2, normalization: 'lowercase' },
  { code: 'phone', title: 'Phone', uniqueness: 'many', priority: 3, normalization: 'e164' },
  { code: 'device_id', title: 'Device ID', uniqueness: 'many', priority: 8, normalization: 'none' },
  { code: 'anonymous_id', title: 'Anonymous ID', uniqueness: 'many', priority: 10, normalization: 'none' },
];

/** Namespaces the tracking API itself fills; they cannot be deleted. */
export const isBuiltIn = (code: string): boolean =>
  DEFAULT_NAMESPACES.some((namespace) => namespace.code === code);
