/** Stands for what differs from reader to reader: any value as a whole text, any characters inside one. */
const ANY = '…';

/** What was answered does not look as the guide shows it. */
export class NotAsShown extends Error {
  override readonly name = 'NotAsShown';
}

/** Holds an answer against the block that shows it. @throws NotAsShown */
export function expectAsShown(language: string, shown: string, answered: string): void {
  try {
    if (language === 'json') compare(JSON.parse(shown), JSON.parse(answered), '');
    else if (language === 'ndjson') compare(objectsOf(shown), objectsOf(answered), '');
    else compare(linesOf(shown), linesOf(answered), '');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotAsShown(`${why}\nThe guide shows:\n${shown}\n\nThe answer is:\n${answered.slice(0, 4000)}`);
  }
}

function compare(shown: unknown, answered: unknown, path: string): void {
  if (shown === ANY && answered !== undefined && answered !== null) return;
  if (typeof shown === 'string' && typeof answered === 'string') {
    const pattern = shown.split(ANY).map(escape).join('.+');
    if (new RegExp(`^${pattern}$`, 's').test(answered)) return;
  } else if (isObject(shown) && isObject(answered)) {
    for (const key of new Set([...Object.keys(shown), ...Object.keys(answered)]))
      compare(shown[key], answered[key], `${path}/${key}`);
    return;
  } else if (Object.is(shown, answered)) return;
  throw new NotAsShown(`${path || 'The whole'} is not as shown.`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');

const objectsOf = (text: string): unknown[] => linesOf(text).map((line) => JSON.parse(line) as unknown);
