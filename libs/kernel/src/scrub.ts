const RULES: readonly [RegExp, string][] = [
  [/\b(pk|pw|pr)_[0-9A-Za-z_]{20,}/g, '$1_[redacted]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"':]*:[^\s/@"']+@/gi, '$1[redacted]@'],
  [/[\p{L}\p{N}._%+'-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, '[email]'],
  [/\+\d[\d ().-]{6,16}\d/g, '[phone]'],
];

/** A log line without keys, credentials in URLs, e-mail addresses and international phone numbers. */
export function scrub(line: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
