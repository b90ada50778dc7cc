import { isUnavailable } from '@percorso/storage';

// Data that PostgreSQL will never take: 22 (invalid data, \u0000 among it), 23 (constraint), 54 (limits exceeded).
const DATA_ERROR = /^(22|23|54)...$/;

/** Whether an error comes from the data at hand, so that trying again cannot help but leaving the item out can. */
export function isPoison(error: unknown): boolean {
  if (isUnavailable(error)) return false;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return DATA_ERROR.test(code);
  return error instanceof RangeError || error instanceof TypeError;
}

/** A reason fit for an admin: what kind of failure, never the data itself. */
export function poisonReason(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string'
    ? `PostgreSQL cannot store the item (SQLSTATE ${code}).`
    : 'The item is too deep or too large to be processed.';
}
