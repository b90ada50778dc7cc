import type { Trigger } from '../trigger';

/** How a provider misbehaves; it strikes calls that would have been accepted. @default the next one */
export type HttpFault = Trigger &
  (
    | { kind: 'http429' | 'http500' | 'http503'; retryAfterSeconds?: number }
    /** Accepts, and answers after so long: `slow` the whole answer, `slowBody` its second half. */
    | { kind: 'slow' | 'slowBody'; ms: number }
    | { kind: 'acceptThenDrop' | 'dropBeforeAccept' }
  );

export const HTTP_FAULT_KINDS: ReadonlyArray<HttpFault['kind']> = [
  'http429',
  'http500',
  'http503',
  'slow',
  'slowBody',
  'acceptThenDrop',
  'dropBeforeAccept',
];
