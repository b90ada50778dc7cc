/** What became of one item. A batch is answered item by item, in the order it was given. */
export type Verdict =
  | { status: 'accepted'; providerId?: string; response?: unknown; responseProblem?: 'too-large' }
  | { status: 'rejected'; code: string; reason: string; pointer?: string; bounce?: 'hard' | 'soft' }
  | { status: 'retry'; code: string; afterSeconds?: number }
  | { status: 'unknown'; code: string };

/** The provider has it. `providerId` is what receipts will name it by. */
export function accepted(providerId?: string): Verdict {
  return providerId === undefined ? { status: 'accepted' } : { status: 'accepted', providerId };
}

/** What a call was answered with: JSON of at most `RESPONSE_BYTES`, or it is lost and the verdict says so. */
export function answered(response: unknown, providerId?: string): Verdict {
  return { ...accepted(providerId), response } as Verdict;
}

/** A response goes into a journey's context, which is kept as long as the person is in it. */
export const RESPONSE_BYTES = 64 * 1024;

export interface RejectedDetail {
  /** RFC 6901 pointer into the payload, when one field is to blame. */
  pointer?: string;
  /** The address itself is at fault. Percorso records a bounce; a hard one suppresses the address. */
  bounce?: 'hard' | 'soft';
}

/** The provider will never take this item as it is: it becomes a dead letter with the reason, open to replay. */
export function rejected(code: string, reason: string, detail: RejectedDetail = {}): Verdict {
  return { status: 'rejected', code, reason, ...detail };
}

/** Surely not accepted, and worth another try; after `afterSeconds` when the provider said so. */
export function retry(afterSeconds?: number, code = 'busy'): Verdict {
  return afterSeconds === undefined ? { status: 'retry', code } : { status: 'retry', code, afterSeconds };
}

/** The provider may or may not have it. Percorso never sends it again blindly. */
export function unknown(code: string): Verdict {
  return { status: 'unknown', code };
}
