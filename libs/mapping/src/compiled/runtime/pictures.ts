type Format = (at: number) => string;

/** The first and last moment of which an ISO text has four digits for the year. */
const YEAR_0 = -62_167_219_200_000;
const YEAR_9999 = 253_402_300_799_999;

/** Where in an ISO text a marker's digits stand. */
const MARKERS: Record<string, [from: number, to: number]> = {
  '[Y0001]': [0, 4],
  '[M01]': [5, 7],
  '[D01]': [8, 10],
  '[H01]': [11, 13],
  '[m01]': [14, 16],
  '[m]': [14, 16],
  '[s01]': [17, 19],
  '[s]': [17, 19],
  '[f001]': [20, 23],
};
const ISO = '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]Z';
const MOST = 200;

const known = new Map<string, Format | undefined>([[ISO, (at) => new Date(at).toISOString()]]);

/**
 * How to write a moment by a picture that asks for nothing but what an ISO text has; undefined for others, and for
 * moments far away.
 */
export function pictured(at: number, picture = ISO): string | undefined {
  if (!Number.isInteger(at) || at < YEAR_0 || at > YEAR_9999) return undefined;
  const format = known.has(picture) ? known.get(picture) : learn(picture);
  return format?.(at);
}

function learn(picture: string): Format | undefined {
  if (known.size >= MOST) known.clear();
  const format = formatOf(picture);
  known.set(picture, format);
  return format;
}

function formatOf(picture: string): Format | undefined {
  const parts = picture.split(/(\[[^[\]]*\])/).filter((part) => part !== '');
  const slices = parts.map((part) => (Object.hasOwn(MARKERS, part) ? MARKERS[part]! : part));
  // Brackets that are no marker known here.
  if (slices.some((part) => typeof part === 'string' && /[[\]]/.test(part))) return undefined;
  const first = slices[0];
  const last = slices.at(-1);
  if (typeof first === 'object' && typeof last === 'object' && ISO.includes(picture))
    return (moment) => new Date(moment).toISOString().slice(first[0], last[1]);
  return (moment) => {
    const iso = new Date(moment).toISOString();
    return slices.map((part) => (typeof part === 'string' ? part : iso.slice(...part))).join('');
  };
}
