/** Why a condition holds for a person at a moment, or does not. */
export interface Explanation {
  /** JSON pointer of the condition in the definition that was explained. */
  pointer: string;
  kind: string;
  holds: boolean;
  /** When time alone may next change the answer; null when it cannot, or not before data change. */
  nextChangeAt: Date | null;
  /** What was looked at; missing for `all`, `any` and `not`. */
  evidence?: Evidence;
  /** Of `all`, `any`, `not` and of a used audience; of a member of an account, without its evidence. */
  conditions?: Explanation[];
}

export interface EventEvidence {
  messageId: string;
  at: Date;
}

export interface WindowEvidence {
  from: Date | null;
  /** Not included. */
  to: Date | null;
}

/** Of one leaf; values as text, so that numbers stay exact. */
export interface Evidence {
  /** What the condition compared: a trait's value, a measure, a state. Null: missing. */
  value?: string | boolean | null;
  /** Of a looked-up item: the key the trait names. */
  key?: string | boolean | null;
  window?: WindowEvidence;
  /** Events that counted, the newest first, ten at most; `total` tells how many there are. */
  events?: EventEvidence[];
  total?: number;
  /** Of `every`: each period with its measure, the latest first. */
  periods?: { window: WindowEvidence; value: string }[];
  /** Of a calendar condition: whose day it is. */
  zone?: string;
  today?: string;
  /** Of a used audience. */
  audienceId?: string;
  /** Of a member of an account: who satisfies the condition, and in which account. `total` tells how many do. */
  profileId?: string;
  accountId?: string;
  /** Not all members of the accounts were looked at: there may be more who satisfy it. */
  incomplete?: boolean;
}
