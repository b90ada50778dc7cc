/**
 * What counts as a date, here and (as the same pattern) in ClickHouse: RFC 3339 with a zone, or a day alone, which is
 * its midnight in UTC; years 1901 to 2298.
 */
export const DATE_PATTERN =
  '^(190[1-9]|19[1-9][0-9]|2[01][0-9][0-9]|22[0-8][0-9]|229[0-8])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' +
  '(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?$';

const DATE = new RegExp(DATE_PATTERN);

/** Unix milliseconds of a date, what is finer cut off; undefined when it is none, or a day the calendar lacks. */
export function parseDate(text: string): number | undefined {
  if (!DATE.test(text)) return undefined;
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  if (text.length === 10) return midnight.getTime();
  return Date.parse(
    text.replace(/[.](\d{1,9})/, (_all, digits: string) => `.${digits.padEnd(3, '0').slice(0, 3)}`),
  );
}
