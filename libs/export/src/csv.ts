const NEEDS_QUOTES = /[",\r\n]/;
const FORMULA = /^[=+\-@\t\r]/;

/**
 * One RFC 4180 record with its line end. Nothing is an empty cell, an empty text a quoted one; lists and objects are
 * JSON. With `guard`, text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay.
 */
export function csvRecord(cells: readonly unknown[], guard = false): string {
  return `${cells.map((value) => cell(value, guard)).join(',')}\r\n`;
}

function cell(value: unknown, guard: boolean): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = guard && FORMULA.test(text) ? `'${text}` : text;
  return safe === '' || NEEDS_QUOTES.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
