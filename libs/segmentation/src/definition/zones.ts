import { ZONE_NAMES } from './zone-names';

/** Names that are IANA zones wherever a hub runs; `Intl` would also take other spellings, offsets and old short names. */
const NAMES = new Set(ZONE_NAMES);

/** Whether `name` is an IANA time zone, spelled as IANA does. */
export const isZone = (name: string): boolean => NAMES.has(name);

/** Whose today it is where nothing says otherwise. */
export const DEFAULT_ZONE = 'UTC';
