import { at, type Mistakes } from '@percorso/segmentation';

/** Characters that a database's text cannot hold: U+0000, and halves of others. */
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Notes every text of a document, names among them, that cannot be kept as it is. */
export function noteUnstorable(json: unknown, mistakes: Mistakes): void {
  const open: { value: unknown; pointer: string }[] = [{ value: json, pointer: '' }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, pointer } = next;
    if (typeof value === 'string' && UNSTORABLE.test(value)) {
      mistakes.add(pointer, 'characters', 'must not have U+0000 or half a character');
    } else if (value !== null && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) {
        const place = at(pointer, name);
        if (UNSTORABLE.test(name))
          mistakes.add(pointer, 'characters', 'must have no name with U+0000 or half a character');
        open.push({ value: inner, pointer: place });
      }
    }
  }
}
