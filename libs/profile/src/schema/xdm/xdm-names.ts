/** The name of a field in records: without XDM's own prefix, and with _ in place of the @ of JSON-LD. */
export const recordName = (name: string): string =>
  name.startsWith('xdm:') ? name.slice(4) : /^@\w/.test(name) ? `_${name.slice(1)}` : name;

/** Keywords that say nothing about which values are allowed. */
const DESCRIBING = new Set(
  // The last of them are the registry's own.
  `$schema $id $comment title description default examples deprecated readOnly writeOnly
   version imsOrg refs isRequired`.split(/\s+/),
);

export const describes = (keyword: string): boolean =>
  DESCRIBING.has(keyword) || /^(meta:|xdm:|x-)/.test(keyword);
