import { scrub } from '@percorso/kernel';

const LINE = 500;
const FIELDS = 20;
/** Shorter ones would hide every other word. */
const SHORTEST_SECRET = 4;
const LINES_PER_MINUTE = 120;

/** Takes the secrets a plugin was given, credentials of any kind, addresses and phone numbers out of what it says. */
export class Redactor {
  private secrets: string[] = [];

  hide(values: unknown[]): void {
    const found = values.filter(
      (value) => typeof value === 'string' && value.length >= SHORTEST_SECRET,
    ) as string[];
    const spellings = found.flatMap((one) => [
      one,
      encodeURIComponent(one),
      Buffer.from(one).toString('base64'),
      JSON.stringify(one).slice(1, -1),
    ]);
    // Longest first, so that no part of one is left over by another.
    this.secrets = [...new Set([...this.secrets, ...spellings])].sort((a, b) => b.length - a.length);
  }

  secretsOf(text: unknown): string {
    return this.secrets.reduce(
      (line, secret) => line.replaceAll(secret, '[secret]'),
      String(text).slice(0, 8 * LINE),
    );
  }

  /** An answer whose reasons, which admins read, hold no secret. */
  reasons(answer: unknown): unknown {
    if (this.secrets.length === 0 || !Array.isArray(answer)) return answer;
    return answer.map((one: unknown) => {
      const { reason } = (one ?? {}) as { reason?: unknown };
      return typeof reason === 'string' ? { ...(one as object), reason: this.secretsOf(reason) } : one;
    });
  }

  text(text: unknown): string {
    const line = this.secretsOf(text).replace(/[\r\n\u2028\u2029]+/g, ' ');
    // Cut before it is looked through, which takes the square of its length; the last word may be half of something.
    return scrub(line.length > LINE ? `${line.slice(0, LINE).replace(/\S*$/, '')}…` : line);
  }

  /** Numbers and booleans as they are, texts redacted, anything else left out. */
  fields(fields: unknown): Record<string, unknown> {
    if (typeof fields !== 'object' || fields === null) return {};
    const kept = Object.entries(fields)
      .slice(0, FIELDS)
      .flatMap(([name, value]) => {
        if (typeof value === 'number' || typeof value === 'boolean') return [[this.text(name), value]];
        return typeof value === 'string' ? [[this.text(name), this.text(value)]] : [];
      });
    return Object.fromEntries(kept) as Record<string, unknown>;
  }
}

/** So many lines a minute; the last one is for saying that there are more. */
export class LogLimit {
  private since = 0;
  private lines = 0;

  take(now: number): 'write' | 'last' | 'drop' {
    if (now - this.since >= 60_000) [this.since, this.lines] = [now, 0];
    this.lines += 1;
    if (this.lines === LINES_PER_MINUTE) return 'last';
    return this.lines < LINES_PER_MINUTE ? 'write' : 'drop';
  }
}
