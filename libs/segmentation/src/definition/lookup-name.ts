export const isLookupName = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(name);
