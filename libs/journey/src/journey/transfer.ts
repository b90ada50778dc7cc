import { at } from '@percorso/segmentation';

export type ReferenceKind = 'audience' | 'connector' | 'journey';

/** A place in a definition that names something by its id. */
export interface Reference {
  kind: ReferenceKind;
  pointer: string;
  id: string;
}

/** Audiences that a condition of the segment language uses, as it is written. */
export function audiencesIn(condition: unknown, pointer: string): Reference[] {
  if (condition === null || typeof condition !== 'object') return [];
  return Object.entries(condition).flatMap(([name, value]): Reference[] => {
    const place = at(pointer, name);
    const id = name === 'audience' ? (value as { id?: unknown } | null)?.id : undefined;
    if (typeof id === 'string') return [{ kind: 'audience', pointer: `${place}/id`, id }];
    return audiencesIn(value, place);
  });
}

/** A copy of a document with other values at some pointers that exist in it. */
export function withValues<T>(json: T, values: ReadonlyMap<string, unknown>): T {
  const copy = structuredClone(json);
  for (const [pointer, value] of values) {
    const path = pointer.split('/').slice(1).map(unescaped);
    const last = path.pop()!;
    const holder = path.reduce<Record<string, unknown>>(
      (inner, key) => inner[key] as Record<string, unknown>,
      copy as Record<string, unknown>,
    );
    holder[last] = value;
  }
  return copy;
}

export const valueAt = (json: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map(unescaped)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], json);

const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');
