import { Unclear } from '../errors';
import { accepted, answered, rejected, retry, unknown, type Verdict } from '../verdict';

/** What an expression gave, as a verdict. @throws Unclear when it is none: the item may have arrived */
export function verdictOf(given: unknown): Verdict {
  const fields = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const text = (name: string): string | undefined =>
    fields[name] === undefined || fields[name] === null ? undefined : String(fields[name]);
  switch (fields['status']) {
    case 'accepted':
      return fields['response'] === undefined
        ? accepted(text('providerId'))
        : answered(fields['response'], text('providerId'));
    case 'rejected': {
      const { bounce } = fields;
      return rejected(text('code') ?? 'rejected', text('reason') ?? 'The provider refuses the item.', {
        ...(text('pointer') === undefined ? {} : { pointer: text('pointer') }),
        ...(bounce === 'hard' || bounce === 'soft' ? { bounce } : {}),
      });
    }
    case 'retry': {
      const after = Number(fields['afterSeconds'] ?? NaN);
      return retry(Number.isFinite(after) && after >= 0 ? after : undefined, text('code') ?? 'busy');
    }
    case 'unknown':
      return unknown(text('code') ?? 'unknown');
    default:
      throw new Unclear('no-verdict', 'The verdict of the declaration is none.');
  }
}
