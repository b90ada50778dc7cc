import Ajv from 'ajv';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSchema } from '../compile-schema';
import { FORMATS } from '../formats';
import { importXdm, XdmImport, XdmRequest } from './import-xdm';
import { isObject, Json } from './json';
import { xdmDocuments } from './xdm-arbitraries';
import { recordName } from './xdm-names';

const FIXTURES = join(__dirname, '..', '..', '..', 'fixtures', 'xdm');
const seed = Number(process.env.PERCORSO_SEED);

function fixtures<T>(folder: string): [string, T][] {
  return readdirSync(join(FIXTURES, folder)).map((file) => [
    file,
    JSON.parse(readFileSync(join(FIXTURES, folder, file), 'utf8')) as T,
  ]);
}

interface Valid {
  request: XdmRequest;
  kind: string;
  title: string;
  accepts: object[];
  refuses: object[];
  ignored?: [pointer: string, keyword: string][];
  renamed?: Record<string, string>;
  identities?: [property: string, namespace: string, primary: boolean][];
  unused?: string[];
}

interface Invalid {
  request: XdmRequest;
  errors: { pointer: string; code: string }[];
}

const imported = (request: XdmRequest): XdmImport => {
  const found = importXdm(request);
  if ('errors' in found) throw new TypeError(JSON.stringify(found.errors));
  return found;
};

/** A record as items have it: fields without prefixes, but for the keys of maps, which are data. */
function recordOf(value: unknown, schema: Json = {}, root: Json): unknown {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.split('/').at(-1)!;
    return recordOf(value, (root.definitions as Json)[name] as Json, root);
  }
  if (Array.isArray(value)) return value.map((item) => recordOf(item, schema.items as Json, root));
  if (value === null || typeof value !== 'object') return value;
  const parts = [schema, ...((schema.allOf ?? []) as Json[])].map((part) => (part.properties ?? {}) as Json);
  const properties: Json = Object.assign({}, ...parts);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const known = schema['meta:xdmType'] === 'map' ? undefined : (properties[key] as Json | undefined);
      const within = known ?? ((schema.additionalProperties ?? {}) as Json);
      return [known ? recordName(key) : key, recordOf(inner, within, root)];
    }),
  );
}

describe('XDM documents', () => {
  it.each(fixtures<Valid>('valid'))('become a schema: valid/%s', (_file, fixture) => {
    const { kind, title, schema, report, unused } = imported(fixture.request);
    expect({ kind, title, unused }).toEqual({
      kind: fixture.kind,
      title: fixture.title,
      unused: fixture.unused ?? [],
    });
    const validate = compileSchema(schema);
    for (const value of fixture.accepts) expect({ value, found: validate(value) }).toEqual({ value });
    for (const value of fixture.refuses) {
      expect({ value, refused: validate(value) !== undefined }).toEqual({ value, refused: true });
    }
    const ignored = report.ignored.map(({ pointer, keyword }) => [pointer, keyword]);
    expect(ignored.sort()).toEqual([...(fixture.ignored ?? [])].sort());
    expect(report.renamed).toEqual(fixture.renamed ?? {});
    const identities = report.identities.map(({ property, namespace, primary }) => [
      property,
      namespace,
      primary,
    ]);
    expect(identities).toEqual(fixture.identities ?? []);
    // No words of a document are lost without a word: what describes is counted.
    expect(JSON.stringify(schema)).not.toMatch(/"meta:|"description"/);
  });

  it.each(fixtures<Invalid>('invalid'))(
    'are refused at the place of the mistake: invalid/%s',
    (_file, { request, errors }) => {
      const found = importXdm(request);
      if (!('errors' in found)) throw new TypeError('imported');
      const told = found.errors.map(({ pointer, code }) => ({ pointer, code }));
      expect(new Set(told)).toEqual(new Set(errors));
    },
  );

  it(`that are broken anywhere are refused by the place or taken, never more (seed ${seed})`, () => {
    const requests = fixtures<Valid>('valid').map(([, { request }]) => request);
    const pieces = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        [],
        {},
        '#',
        '#/definitions',
        'constructor',
        '^(',
        1e400,
        '__proto__',
      ),
      fc.constantFrom<unknown>({ $ref: '#' }, { $ref: 7 }, { $ref: '#/%' }, { not: { $ref: '#' } }, [{}], {
        type: 'x',
      }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...requests),
        fc.array(fc.tuple(fc.nat(), pieces), { minLength: 1, maxLength: 3 }),
        (request, changes) => {
          let documents: Json[] = [...request.documents];
          for (const [dice, piece] of changes) {
            documents = spoil({ documents }, dice, piece).documents as Json[];
            if (!Array.isArray(documents) || !documents.every(isObject)) return;
          }
          const found = importXdm({ ...request, documents });
          if ('errors' in found) {
            expect(found.errors.length).toBeGreaterThan(0);
            for (const { pointer } of found.errors)
              expect(pointer).toMatch(/^\/(documents\/\d+|tenant|kind|schema)/);
          } else compileSchema(found.schema)({});
        },
      ),
      { seed, numRuns: 300 },
    );
  }, 60_000);

  it('count what only describes', () => {
    const { report } = imported({
      documents: [
        {
          $id: 'https://ns.adobe.com/acme/schemas/s',
          title: 'S',
          'meta:class': 'https://ns.adobe.com/xdm/context/profile',
          properties: { a: { title: 'A', 'meta:enum': { x: 'X' } }, b: { title: 'B', default: 'x' } },
        },
      ],
    });
    expect(report.annotations).toEqual({ title: 3, 'meta:class': 1, 'meta:enum': 1, default: 1 });
  });

  it('of which patterns are too much together lose the last of them, with a word', () => {
    const field = (letter: string): Json => ({ type: 'string', pattern: `^${letter}{190}$` });
    const { schema, report } = imported({
      documents: [
        {
          $id: 'https://ns.adobe.com/acme/schemas/s',
          title: 'S',
          'meta:class': 'https://ns.adobe.com/xdm/context/profile',
          properties: { a: field('a'), b: field('b'), c: field('c') },
        },
      ],
    });
    expect(report.ignored).toMatchObject([
      { pointer: '/documents/0/properties/c/pattern', keyword: 'pattern' },
    ]);
    expect(schema.properties).toMatchObject({ b: { pattern: '^b{190}$' }, c: { type: 'string' } });
  });

  it(`allow in the registry what they allow as they are, and types hold (seed ${seed})`, () => {
    let refused = 0;
    fc.assert(
      fc.property(
        xdmDocuments.chain(({ document, values }) =>
          fc.tuple(fc.constant(document), values, values, fc.nat(), fc.anything()),
        ),
        ([document, value, other, dice, foreign]) => {
          // The judge is the document itself, in the draft of JSON Schema that XDM is written in.
          const ajv = new Ajv({
            strict: false,
            formats: { ...FORMATS, ipv4: true },
            logger: false,
            ignoreKeywordsWithRef: true,
          } as object);
          const judge = ajv.compile(JSON.parse(JSON.stringify(document)) as object);
          const { schema, report } = imported({ documents: [document] });
          const validate = compileSchema(schema);
          const answer = (record: unknown): boolean =>
            validate(recordOf(record, document, document)) === undefined;
          expect(report.ignored.every(({ keyword }) => keyword === 'format')).toBe(true);
          for (const record of [value, other]) {
            expect({ record, judged: judge(record), answer: answer(record) }).toEqual({
              record,
              judged: true,
              answer: true,
            });
          }
          const spoilt = spoil(value, dice, JSON.parse(JSON.stringify(foreign ?? null)) as unknown);
          if (judge(spoilt)) return;
          refused += 1;
          expect({ spoilt, answer: answer(spoilt) }).toEqual({ spoilt, answer: false });
        },
      ),
      { seed, numRuns: 100 },
    );
    expect(refused).toBeGreaterThan(20);
  }, 60_000);

  /** The value with one of its parts replaced. */
  function spoil(value: Json, dice: number, foreign: unknown): Json {
    const copy = JSON.parse(JSON.stringify(value)) as Json;
    const places: [Json, string][] = [];
    const visit = (node: unknown): void => {
      if (node === null || typeof node !== 'object') return;
      for (const key of Object.keys(node)) {
        places.push([node as Json, key]);
        visit((node as Json)[key]);
      }
    };
    visit(copy);
    const [holder, key] = places[dice % places.length]!;
    holder[key] = foreign;
    return copy;
  }
});
