/** Kind, code and place of an error, without its message: that may quote a person's data. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code, constraint, routine } = error as { code?: unknown; constraint?: string; routine?: string };
  const facts = [error.name, typeof code === 'string' ? code : undefined, constraint, routine];
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [facts.filter(Boolean).join(' '), ...frames.slice(0, 12)].join('\n');
}
