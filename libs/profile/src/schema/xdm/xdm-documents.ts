import { pointerStep } from '@percorso/access';
import type { FieldError } from '@percorso/kernel';
import { isObject, Json } from './json';

/** A place in the documents that were posted together. */
export interface Place {
  /** Which document. */
  index: number;
  /** Into the request. */
  pointer: string;
  value: unknown;
}

export const PROFILE_CLASS = 'https://ns.adobe.com/xdm/context/profile';
export const EVENT_CLASS = 'https://ns.adobe.com/xdm/context/experienceevent';
/** The behaviour of every class of things that happen. */
export const TIME_SERIES = 'https://ns.adobe.com/xdm/data/time-series';

/** Schemas, classes, field groups and data types that were posted together, by the ids they refer to each other by. */
export class XdmDocuments {
  readonly errors: FieldError[] = [];
  private readonly byId = new Map<string, number>();

  constructor(readonly documents: readonly Json[]) {
    documents.forEach((document, index) => {
      if (isDescriptor(document)) return;
      const { $id } = document;
      if (typeof $id !== 'string' || $id === '') {
        this.errors.push({
          pointer: `/documents/${index}`,
          code: 'id-required',
          message: 'A document has an $id.',
        });
        return;
      }
      for (const id of [$id, document['meta:altId']]) {
        if (typeof id !== 'string') continue;
        if (this.byId.has(bare(id))) {
          const message = 'Another document has this id.';
          this.errors.push({ pointer: `/documents/${index}/$id`, code: 'id-twice', message });
        }
        this.byId.set(bare(id), index);
      }
    });
  }

  /** The document of an id or, where there is none, of a title. */
  find(name: string): Place | undefined {
    const titled = this.documents.findIndex(({ title }) => title === name);
    const index = this.byId.get(bare(name)) ?? (titled >= 0 ? titled : undefined);
    return index === undefined ? undefined : this.place(index);
  }

  idOf(index: number): string {
    return String(this.documents[index]!.$id);
  }

  place(index: number): Place {
    return { index, pointer: `/documents/${index}`, value: this.documents[index] };
  }

  /** What a `$ref` in a document means. */
  resolve(ref: string, from: number): Place | undefined {
    const [id = '', fragment = ''] = ref.split('#', 2);
    const index = id === '' ? from : (this.byId.get(bare(id)) ?? this.relative(id, from));
    if (index === undefined) return undefined;
    let place = this.place(index);
    for (const step of fragment.split('/').slice(1)) {
      const key = unescaped(step);
      const { value } = place;
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
      place = { index, pointer: place.pointer + pointerStep(key), value: (value as Json)[key] };
    }
    return fragment === '' || fragment.startsWith('/') ? place : undefined;
  }

  /** Ids of all that a document is composed of, itself included, as far as documents say. */
  ancestors(root: number): Set<string> {
    const ids = new Set<string>();
    const visit = (index: number): void => {
      const document = this.documents[index]!;
      const $id = bare(this.idOf(index));
      if (ids.has($id)) return;
      ids.add($id);
      const named = [document['meta:class'], ...list(document['meta:extends'])];
      const refs = list(document.allOf).map((part) => (isObject(part) ? part.$ref : undefined));
      for (const id of [...named, ...refs]) {
        if (typeof id !== 'string') continue;
        const place = this.resolve(id, index);
        if (place && place.index !== index) visit(place.index);
        else if (!id.startsWith('#')) ids.add(bare(id));
      }
    };
    visit(root);
    return ids;
  }

  private relative(id: string, from: number): number | undefined {
    const base = this.idOf(from);
    return URL.canParse(id, base) ? this.byId.get(bare(new URL(id, base).href)) : undefined;
  }
}

/** Descriptors say something about a schema and are none. */
export const isDescriptor = (document: Json): boolean =>
  typeof document['@type'] === 'string' && document['xdm:sourceSchema'] !== undefined;

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const bare = (id: string): string => id.split('#', 1)[0]!;

/** One step of a pointer in a URI. */
function unescaped(step: string): string {
  let text = step;
  try {
    text = decodeURIComponent(step);
  } catch {
    // A lone % stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}
