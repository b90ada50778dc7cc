import { Claim, Namespace, normalizeIdentity } from '@percorso/identity';

/** Texts looked at in one item: more than any sane item has, few enough to be quick. */
const MOST_TEXTS = 5000;
/** What findUnstorable takes of an item is less deep; what it refuses need not be read to the ground. */
const DEEPEST = 128;

function textsIn(value: unknown, texts: Set<string>, level = 0): void {
  if (texts.size >= MOST_TEXTS || level > DEEPEST) return;
  if (typeof value === 'string' || typeof value === 'number') texts.add(String(value));
  else if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) textsIn(inner, texts, level + 1);
  }
}

/**
 * Every identity that some text inside a value could be, whatever field it stands in: for items so broken that nobody
 * can say whom they are about.
 */
export function mentionsOf(value: unknown, namespaces: readonly Namespace[]): Claim[] {
  const texts = new Set<string>();
  textsIn(value, texts);
  return namespaces.flatMap(({ code, normalization }) =>
    [...texts].flatMap((text) => {
      const normal = normalizeIdentity(text, normalization);
      return normal === undefined ? [] : [{ namespace: code, value: normal }];
    }),
  );
}
