import { recordName } from './xdm-names';
import { isObject } from './json';
import { bare, isDescriptor, list, XdmDocuments } from './xdm-documents';
import { MarkedIdentity, XdmReport } from './xdm-report';

const IDENTITY = 'xdm:descriptorIdentity';

/** Identities that descriptors inside a schema mark; other descriptors are told as ignored. */
export function markedIdentities(
  descriptors: unknown,
  at: { pointer: string; path: string },
  report: XdmReport,
): MarkedIdentity[] {
  return list(descriptors).flatMap((descriptor, index) =>
    read(descriptor, `${at.pointer}/meta:descriptors/${index}`, at.path, report),
  );
}

/** Identities that were posted as descriptors of their own, of a schema or of what it is composed of. */
export function postedIdentities(
  { documents }: XdmDocuments,
  ids: ReadonlySet<string>,
  report: XdmReport,
): MarkedIdentity[] {
  return documents.flatMap((document, index) => {
    if (!isDescriptor(document)) return [];
    const pointer = `/documents/${index}`;
    if (ids.has(bare(String(document['xdm:sourceSchema'])))) return read(document, pointer, '', report);
    const reason = 'It describes another schema.';
    report.ignored.push({ pointer, keyword: String(document['@type']), reason });
    return [];
  });
}

function read(descriptor: unknown, pointer: string, path: string, report: XdmReport): MarkedIdentity[] {
  const {
    '@type': type,
    'xdm:namespace': namespace,
    'xdm:sourceProperty': property,
    ...rest
  } = isObject(descriptor) ? descriptor : {};
  if (type !== IDENTITY || typeof namespace !== 'string') {
    const reason = 'Of descriptors, those of identities are read.';
    report.ignored.push({ pointer, keyword: typeof type === 'string' ? type : '@type', reason });
    return [];
  }
  const named = typeof property === 'string' ? property.split('/').map(recordName).join('/') : path;
  return [{ pointer, property: named, namespace, primary: rest['xdm:isPrimary'] === true }];
}
