import { Problem } from '@percorso/kernel';
import { isUnavailable } from '@percorso/storage';

/** Whether trying again later may help: an engine is away, or two transactions met. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return error.status === 503;
  const code = (error as { code?: unknown }).code;
  return (
    isUnavailable(error) ||
    code === '40P01' ||
    code === '40001' ||
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET'
  );
}

/** The kind of an error: messages of engines may quote data. */
export function nameOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  return `${name ?? 'error'}${code === undefined ? '' : ` (${code})`}`;
}
