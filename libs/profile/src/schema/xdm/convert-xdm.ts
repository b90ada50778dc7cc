import { pointerStep } from '@percorso/access';
import { FORMATS } from '../formats';
import { DefinitionNames } from './definition-names';
import { inlineSingles } from './inline-singles';
import { isObject, Json } from './json';
import { patternFault, patternsFault } from './pattern-fault';
import { Place, XdmDocuments } from './xdm-documents';
import { markedIdentities } from './xdm-descriptors';
import { describes, recordName } from './xdm-names';
import { XdmReport } from './xdm-report';
import { contradictions, impliedBy } from './xdm-types';

const ONE = new Set(['additionalProperties', 'propertyNames', 'items', 'contains', 'then', 'else']);
const SAME = new Set(
  `type enum const minProperties maxProperties minItems maxItems minLength maxLength minimum maximum exclusiveMinimum
   exclusiveMaximum multipleOf`.split(/\s+/),
);
const MOST_UNIQUE = 200;
/** More than the registry takes. */
const MOST_OPEN = 64;

/** An event has these beside its properties: its id, and when it occurred. */
const ENVELOPE = new Set(['_id', 'timestamp']);

export interface ConvertOptions {
  kind: 'events' | 'traits';
  /** References without a document allow anything, instead of being refused. */
  ignoreUnresolved: boolean;
}

/** Something under a negation cannot be said exactly, and less would allow less. */
class Inexact extends Error {
  override readonly name = 'Inexact';
}

/** Where a schema stands: in the request, and which field of a record it is about. */
interface At extends Omit<Place, 'value'> {
  path: string;
}

/**
 * An XDM document as one schema of the registry: what it refers to becomes `$defs`. Whatever a document allows the schema
 * allows; where it allows more, the report says so.
 */
export class XdmConverter {
  /** Where converted schemas came from. */
  readonly origins = new Map<object, string>();
  /** Documents that something of was used. */
  readonly used = new Set<number>();
  /** Whether what is referred to also stands under a negation. */
  negatesReferences = false;
  private readonly defs: Record<string, Json | boolean> = {};
  private readonly references = new Map<object, string>();
  private readonly names = new DefinitionNames();
  /** Definitions that allow more than they should. */
  private readonly loose = new Set<string>();
  private readonly open: string[] = [];
  /** How many negations are around. */
  private negated = 0;

  constructor(
    private readonly documents: XdmDocuments,
    private readonly options: ConvertOptions,
    private readonly report: XdmReport,
  ) {}

  convert(root: Place): Json {
    this.used.add(root.index);
    const schema = this.schema(root.value, { index: root.index, pointer: root.pointer, path: '' });
    const body = isObject(schema) ? schema : {};
    const defs = inlineSingles(body, this.defs, this.references, this.origins);
    return Object.keys(defs).length > 0 ? { ...body, $defs: defs } : body;
  }

  private schema(value: unknown, at: At): Json | boolean {
    if (typeof value === 'boolean') return value;
    if (!isObject(value)) {
      this.report.refuse(at.pointer, 'object-required', 'A schema is an object or a boolean.');
      return true;
    }
    this.report.identities.push(...markedIdentities(value['meta:descriptors'], at, this.report));
    if (value.$ref !== undefined) return this.reference(value, at);
    this.report.errors.push(...contradictions(value, at.pointer));
    const out: Json = {};
    this.origins.set(out, at.pointer);
    for (const [key, inner] of Object.entries({ ...value, ...impliedBy(value) })) {
      this.keyword(out, value, key, inner, { ...at, pointer: at.pointer + pointerStep(key) });
    }
    return out;
  }

  private keyword(out: Json, schema: Json, key: string, value: unknown, at: At): void {
    if (key === 'definitions' || key === '$defs' || key === '$id' || key === '$schema') return;
    if (key === 'meta:descriptors') return;
    if (describes(key)) return this.report.describe(key);
    if (SAME.has(key)) {
      if (typeof value === 'boolean' && key.startsWith('exclusive')) {
        return this.lose(at, key, 'It says so as drafts before 6 of JSON Schema did.');
      }
      out[key] = value;
      return;
    }
    if (key === 'items' && Array.isArray(value))
      return this.lose(at, key, 'Lists have one kind of elements.');
    // Without the patterns, what stands for all other fields would stand for theirs too.
    if (key === 'additionalProperties' && patternsFault(schema.patternProperties)) return;
    if (ONE.has(key)) {
      const path = key === 'items' || key === 'additionalProperties' ? `${at.path}/*` : at.path;
      out[key] = this.schema(value, { ...at, path });
      return;
    }
    switch (key) {
      case 'properties':
        return this.properties(out, value, at);
      case 'patternProperties':
        return this.patternProperties(out, value, at);
      case 'allOf':
      case 'anyOf':
        out[key] = this.many(value, at);
        return;
      case 'oneOf':
      case 'not':
      case 'if':
        return this.exactly(out, key, value, at);
      case 'required':
        return this.required(out, value, at);
      case 'format':
        if (typeof value === 'string' && Object.hasOwn(FORMATS, value)) out[key] = value;
        else this.lose(at, key, `Formats are ${Object.keys(FORMATS).join(', ')}.`);
        return;
      case 'pattern': {
        const reason = patternFault(value);
        if (reason === undefined) out[key] = value;
        else this.lose(at, key, reason);
        return;
      }
      case 'uniqueItems':
        if (value !== true) return;
        if (Number(schema.maxItems) <= MOST_UNIQUE) out[key] = true;
        else this.lose(at, key, `Elements are compared up to maxItems ${MOST_UNIQUE}.`);
        return;
      case 'dependencies':
      case 'additionalItems':
        return this.lose(at, key, 'This keyword is not supported.');
      default:
        this.report.ignored.push({
          pointer: at.pointer,
          keyword: key,
          reason: 'JSON Schema has no such keyword.',
        });
    }
  }

  private properties(out: Json, value: unknown, at: At): void {
    if (!isObject(value))
      return this.report.refuse(at.pointer, 'object-required', 'Fields by name are expected.');
    const properties: Json = {};
    for (const [name, inner] of Object.entries(value)) {
      const field = this.named(name);
      const pointer = at.pointer + pointerStep(name);
      if (Object.hasOwn(properties, field)) {
        this.report.refuse(pointer, 'name-twice', `Records would have two fields called ${field}.`);
      }
      Object.defineProperty(properties, field, {
        value: this.schema(inner, { ...at, pointer, path: at.path + pointerStep(field) }),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    out.properties = properties;
  }

  private patternProperties(out: Json, value: unknown, at: At): void {
    if (!isObject(value)) {
      return this.report.refuse(at.pointer, 'object-required', 'Fields by pattern are expected.');
    }
    const fault = patternsFault(value);
    if (fault !== undefined) return this.lose(at, 'patternProperties', fault);
    const path = `${at.path}/*`;
    out.patternProperties = Object.fromEntries(
      Object.entries(value).map(([pattern, inner]) => [
        pattern,
        this.schema(inner, { ...at, pointer: at.pointer + pointerStep(pattern), path }),
      ]),
    );
  }

  private many(value: unknown, at: At): unknown[] {
    if (!Array.isArray(value)) {
      this.report.refuse(at.pointer, 'array-required', 'A list of schemas is expected.');
      return [];
    }
    return value.map((part: unknown, index) =>
      this.schema(part, { ...at, pointer: `${at.pointer}/${index}` }),
    );
  }

  private required(out: Json, value: unknown, at: At): void {
    if (!Array.isArray(value))
      return this.report.refuse(at.pointer, 'array-required', 'A list of names is expected.');
    const names = value.map((name) => this.named(String(name)));
    const beside = this.options.kind === 'events' && at.path === '';
    const kept = names.filter((name) => !(beside && ENVELOPE.has(name)));
    if (kept.length < names.length) {
      this.lose(at, 'required', 'An event has its id and its time beside its properties.');
    }
    if (kept.length > 0) out.required = kept;
  }

  /** Under these keywords allowing more would allow less: what cannot be said exactly goes as a whole. */
  private exactly(out: Json, key: 'oneOf' | 'not' | 'if', value: unknown, at: At): void {
    const { ignored } = this.report;
    const known = ignored.length;
    this.negated += 1;
    try {
      const references = this.references.size;
      out[key] = key === 'oneOf' ? this.many(value, at) : this.schema(value, at);
      this.negatesReferences ||= this.references.size > references;
    } catch (error) {
      if (!(error instanceof Inexact)) throw error;
      ignored.length = known;
      this.negated -= 1;
      this.lose(at, key, `It cannot be said exactly: ${error.message}`);
      this.negated += 1;
    } finally {
      this.negated -= 1;
    }
  }

  private reference(schema: Json, at: At): Json {
    for (const key of Object.keys(schema)) {
      // XDM is written in draft 6, where nothing beside a reference has a meaning.
      if (key === '$ref' || key === 'type') continue;
      if (describes(key)) this.report.describe(key);
      else {
        const reason = 'Beside a reference it has no meaning.';
        this.report.ignored.push({ pointer: at.pointer + pointerStep(key), keyword: key, reason });
      }
    }
    const pointer = `${at.pointer}/$ref`;
    const target =
      typeof schema.$ref === 'string' ? this.documents.resolve(schema.$ref, at.index) : undefined;
    if (!target) {
      const reason = `No document of those posted has ${String(schema.$ref)}.`;
      if (!this.options.ignoreUnresolved) this.report.refuse(pointer, 'reference-unresolved', reason);
      else this.lose({ ...at, pointer }, '$ref', reason);
      return {};
    }
    this.used.add(target.index);
    // Of the record itself other fields may be required than of a field that has the same type.
    const name = this.names.of(target, this.documents.idOf(target.index), at.path === '');
    const loosened = (): void => {
      if (this.loose.has(name)) this.loosen(`${String(schema.$ref)} cannot be said exactly.`);
    };
    loosened();
    if (this.open.length > MOST_OPEN) {
      this.report.refuse(pointer, 'too-deep', `References may lead ${MOST_OPEN} deep.`);
      return {};
    }
    if (!Object.hasOwn(this.defs, name)) this.define(name, target, at.path);
    loosened();
    const out = { $ref: `#/$defs/${name}` };
    this.origins.set(out, at.pointer);
    this.references.set(out, name);
    return out;
  }

  private define(name: string, target: Place, path: string): void {
    this.defs[name] = {};
    this.open.push(name);
    try {
      this.defs[name] = this.schema(target.value, { index: target.index, pointer: target.pointer, path });
    } catch (error) {
      delete this.defs[name];
      this.loose.add(name);
      throw error;
    } finally {
      this.open.pop();
    }
  }

  private named(name: string): string {
    const field = recordName(name);
    if (field !== name) this.report.renamed[name] = field;
    return field;
  }

  private lose({ pointer }: Pick<At, 'pointer'>, keyword: string, reason: string): void {
    this.loosen(reason);
    this.report.ignored.push({ pointer, keyword, reason });
  }

  private loosen(reason: string): void {
    if (this.negated > 0) throw new Inexact(reason);
    for (const name of this.open) this.loose.add(name);
  }
}
