/** A ClickHouse exception: numeric code, symbolic name, text. */
export class ClickHouseFailure extends Error {
  override readonly name = 'ClickHouseFailure';

  constructor(
    readonly code: number,
    readonly symbol: string,
    readonly detail: string,
  ) {
    super(`Code: ${code}. DB::Exception: ${detail} (${symbol})`);
  }

  /** The body ClickHouse's HTTP interface answers with. */
  body(version: string): string {
    return `${this.message} (version ${version} (official build))\n`;
  }

  get status(): number {
    return STATUS[this.code] ?? 500;
  }
}

// As ClickHouse's own exceptionCodeToHTTPStatus.
const STATUS: Record<number, number> = Object.fromEntries(
  [
    [400, [6, 26, 27, 38, 41, 43, 53, 62, 69, 70, 72, 73, 115, 117, 354, 386, 441, 456, 457, 636]],
    [403, [164, 192, 193, 194, 497, 516]],
    [404, [16, 46, 47, 60, 81]],
    [408, [159]],
    [413, [307, 396]],
    [501, [48]],
    [503, [439]],
  ].flatMap(([status, codes]) => (codes as number[]).map((code) => [code, status as number])),
);

/** Reads the engine's message; the outer code counts, as in ClickHouse. */
export function failureOf(error: unknown): ClickHouseFailure {
  if (error instanceof ClickHouseFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  const match = /Code: (\d+)\. DB::Exception: (?:Code: \d+\. DB::Exception: )?(.*) \(([A-Z0-9_]+)\)/s.exec(
    text,
  );
  if (!match) return new ClickHouseFailure(1002, 'UNKNOWN_EXCEPTION', text);
  return new ClickHouseFailure(Number(match[1]), match[3] ?? 'UNKNOWN_EXCEPTION', match[2] ?? text);
}
