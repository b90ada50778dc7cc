import { describeError, type FieldError } from '@percorso/kernel';
import { checkSchema } from '../check-schema';
import { compileSchema } from '../compile-schema';
import { XdmConverter } from './convert-xdm';
import { isObject, Json } from './json';
import { postedIdentities } from './xdm-descriptors';
import { EVENT_CLASS, Place, PROFILE_CLASS, TIME_SERIES, XdmDocuments } from './xdm-documents';
import { XdmReport } from './xdm-report';

/** What Adobe writes in the place of a tenant's id in what it exports. */
const PLACEHOLDER = '<XDM_TENANTID_PLACEHOLDER>';

export interface XdmRequest {
  documents: readonly Json[];
  /** The id or title of the schema that is meant, where there are several. */
  schema?: string;
  kind?: 'events' | 'traits';
  tenant?: string;
  ignoreUnresolved?: boolean;
}

export interface XdmImport {
  kind: 'events' | 'traits';
  id: string;
  title: string | null;
  schema: Json;
  report: XdmReport;
  /** Ids of documents that nothing refers to. */
  unused: string[];
}

/** The one schema that is meant, as the registry takes it, or all that is wrong with the documents. */
export function importXdm(request: XdmRequest): XdmImport | { errors: FieldError[] } {
  const { schema: wanted, tenant, ignoreUnresolved = false } = request;
  const text = JSON.stringify(request.documents);
  if (text.includes(PLACEHOLDER) && tenant === undefined) {
    return wrong('/tenant', 'tenant-required', `The documents have ${PLACEHOLDER} in its place.`);
  }
  const documents = new XdmDocuments(JSON.parse(text.replaceAll(PLACEHOLDER, tenant ?? '')) as Json[]);
  if (documents.errors.length > 0) return { errors: documents.errors };
  const root = rootOf(documents, wanted);
  if ('errors' in root) return root;
  const ancestors = documents.ancestors(root.index);
  const kind = request.kind ?? kindOf(ancestors);
  if (!kind) {
    const message =
      'It is neither of the class XDM Individual Profile nor of one of events: say which kind it is.';
    return wrong('/kind', 'class-unknown', message);
  }
  const report = new XdmReport();
  const converter = new XdmConverter(documents, { kind, ignoreUnresolved }, report);
  const document = root.value as Json;
  const id = documents.idOf(root.index);
  const title = typeof document.title === 'string' ? document.title : null;
  const converted = converter.convert(root);
  const schema = { ...(title === null ? {} : { title }), $comment: `XDM ${id}`, ...converted };
  if (report.errors.length > 0) return { errors: report.errors };
  const errors = unusable(schema, converter, root, report);
  if (errors.length > 0) return { errors };
  try {
    compileSchema(schema);
  } catch (error) {
    return wrong(root.pointer, 'schema-invalid', describeError(error));
  }
  const ids = new Set([...ancestors, ...[...converter.used].map((index) => documents.idOf(index))]);
  report.identities.push(...postedIdentities(documents, ids, report));
  const unused = documents.documents.flatMap(({ $id }, index) =>
    typeof $id === 'string' && !converter.used.has(index) ? [$id] : [],
  );
  return { kind, id, title, schema, report, unused };
}

const wrong = (pointer: string, code: string, message: string): { errors: FieldError[] } => ({
  errors: [{ pointer, code, message }],
});

function rootOf(documents: XdmDocuments, wanted: string | undefined): Place | { errors: FieldError[] } {
  if (wanted !== undefined) {
    return documents.find(wanted) ?? wrong('/schema', 'schema-unknown', 'No document has this id or title.');
  }
  const all = documents.documents.flatMap((document, index) =>
    typeof document.$id === 'string' ? [{ index, document }] : [],
  );
  const schemas = all.filter(({ document }) => document['meta:resourceType'] === 'schemas');
  const [only, ...others] = schemas.length > 0 ? schemas : all;
  if (only && others.length === 0) return documents.place(only.index);
  return wrong('/schema', 'schema-required', 'Say which of the documents is the schema.');
}

function kindOf(ancestors: ReadonlySet<string>): XdmImport['kind'] | undefined {
  if (ancestors.has(EVENT_CLASS) || ancestors.has(TIME_SERIES)) return 'events';
  return ancestors.has(PROFILE_CLASS) ? 'traits' : undefined;
}

/** What still keeps the schema from being used, by its place in the request. Patterns that are too much together go. */
function unusable(
  schema: Json,
  { origins, negatesReferences }: XdmConverter,
  root: Place,
  report: XdmReport,
): FieldError[] {
  for (;;) {
    const errors = checkSchema(schema);
    const patterns = errors.filter(
      ({ pointer, code }) => code === 'too-large' && pointer.endsWith('/pattern'),
    );
    const negated = patterns.some(({ pointer }) => /\/(not|oneOf|if)\//.test(pointer));
    if (patterns.length === 0 || negated || negatesReferences) {
      // Too many parts are no fault of the one that was counted last.
      return errors.map((error) => ({
        ...error,
        pointer: error.code === 'too-large' ? root.pointer : originOf(schema, origins, root, error.pointer),
      }));
    }
    for (const { pointer, message } of patterns) {
      const origin = originOf(schema, origins, root, pointer);
      report.ignored.push({ pointer: origin, keyword: 'pattern', reason: message });
      const parent = stepsOf(pointer).slice(0, -1).reduce<unknown>(into, schema);
      delete (parent as Json).pattern;
    }
  }
}

const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

const into = (value: unknown, step: string): unknown =>
  Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;

/** Where in the request the last schema on the way to a pointer came from, and what is left of the way. */
function originOf(schema: Json, origins: ReadonlyMap<object, string>, root: Place, pointer: string): string {
  let found = root.pointer;
  let rest = '';
  let value: unknown = schema;
  const raw = pointer.split('/').slice(1);
  stepsOf(pointer).forEach((step, index) => {
    value = into(value, step);
    const origin = isObject(value) ? origins.get(value) : undefined;
    found = origin ?? found;
    rest = origin === undefined ? `${rest}/${raw[index]}` : '';
  });
  return found + rest;
}
