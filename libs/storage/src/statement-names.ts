import { createHash } from 'node:crypto';

/** From this use on a statement has a name: what is asked once or twice would be kept in vain. */
const USES = 3;
/** Each connection's backend keeps what is named, some ten kilobytes a statement. */
const MOST = 400;
/** Texts whose uses are counted; those that are made up anew each time come and go. */
const COUNTED = 2000;

/**
 * Names for statements that come again and again, by their texts. PostgreSQL keeps a named statement as it understood it:
 * parsed, its names looked up and its policies of row-level security applied, once for each connection.
 */
export class StatementNames {
  private readonly names = new Map<string, string>();
  private readonly uses = new Map<string, number>();

  /** The name to send it under, or undefined when it is to go without one. */
  of(text: string): string | undefined {
    const name = this.names.get(text);
    if (name !== undefined || this.names.size >= MOST) return name;
    const uses = (this.uses.get(text) ?? 0) + 1;
    if (uses < USES) {
      if (this.uses.size >= COUNTED) this.uses.clear();
      this.uses.set(text, uses);
      return undefined;
    }
    this.uses.delete(text);
    const made = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    this.names.set(text, made);
    return made;
  }
}
