import type { Idempotency, Operation } from '../plugin';
import type { DeclaredSetting } from './settings-class';

/** JSONata, such as `settings.url & '/texts'`. */
export type ExpressionText = string;

export interface DeclaredRequest {
  /** @default GET for a check, lookup and feedback, else POST */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: ExpressionText;
  headers?: Record<string, ExpressionText>;
  body?: ExpressionText;
  /** How the body is written. @default json */
  type?: 'json' | 'form';
}

/** An item that is not sent at all: where `when` gives true it is rejected. */
export interface DeclaredRefusal {
  when: ExpressionText;
  code: string;
  reason: string;
  pointer?: string;
}

export interface DeclaredOperation {
  idempotency: Idempotency;
  ttlSeconds?: number;
  perSecond: number;
  /** Items in one request. Expressions see `item`; with more than one they see `items`. @default 1 */
  batch?: number;
  refuse?: DeclaredRefusal[];
  request: DeclaredRequest;
  /**
   * What the answer (`response`: status, headers, body) means: `{status: 'accepted', providerId?}`, `{status: 'rejected', code,
   * reason, pointer?, bounce?}`, `{status: 'retry', afterSeconds?}` or `{status: 'unknown', code}`; of a batch a list of them.
   * Where it gives nothing the answer's status speaks: 2xx is accepted, 401 the credentials', 429 and 503 mean later, other
   * 4xx refuse, 5xx leave in doubt.
   */
  verdict?: ExpressionText;
}

/** Asks whether items whose outcome is unknown arrived. */
export interface DeclaredLookup {
  /** Items in one request, as for operations. @default 1 */
  batch?: number;
  request: DeclaredRequest;
  /**
   * `accepted` or `absent`, of a batch a list of them; anything else, and nothing, leaves it unknown. Without it the answer's
   * status speaks: 2xx is accepted, 404 absent.
   */
  result?: ExpressionText;
}

/** A setting, by its name. */
export interface SecretOf {
  setting: string;
}

/** How a receipt that came over the open Internet shows who sent it. */
export type DeclaredProof =
  | {
      kind: 'hmac';
      secret: SecretOf;
      /** How the setting's text holds the key. @default utf8 */
      secretEncoding?: 'utf8' | 'base64' | 'hex';
      /** @default sha256 */
      hash?: 'sha1' | 'sha256' | 'sha512';
      /** How the signature is written. @default hex */
      encoding?: 'hex' | 'base64' | 'base64url';
      /** The signature that came, or a list of them: one must be right. */
      given: ExpressionText;
      /** The text that is signed. @default raw */
      signed?: ExpressionText;
      /** When it was signed, part of `signed`: Unix seconds or milliseconds, or ISO 8601. */
      time?: ExpressionText;
      /** How old it may be. @default 300 */
      toleranceSeconds?: number;
    }
  /** https://www.standardwebhooks.com: the headers webhook-id, webhook-timestamp and webhook-signature. */
  | { kind: 'standard-webhooks'; secret: SecretOf; toleranceSeconds?: number }
  | { kind: 'shared-secret'; secret: SecretOf; given: ExpressionText }
  /** Nothing but the hook's own address, which nobody else knows. */
  | { kind: 'none' };

/** What the provider posts about messages. */
export interface DeclaredReceipts {
  proof: DeclaredProof;
  /** How `body` is read out of `raw`. @default json */
  type?: 'json' | 'form';
  /** A list of message events. Sees `settings`, `raw`, `body`, and `request` (url, query, headers) where it was posted. */
  events: ExpressionText;
}

/** Asks the provider for what happened since `cursor`, which is not there the first time. */
export interface DeclaredFeedback {
  request: DeclaredRequest;
  /** A list of message events. Sees `settings`, `cursor` and `response`. */
  events: ExpressionText;
  /** Where the next call goes on from; where it gives nothing, from where this one did. */
  cursor: ExpressionText;
}

/** A plugin without code: an HTTP endpoint, with JSONata for requests, verdicts and what the provider reports. */
export type Declaration = {
  settings: Record<string, DeclaredSetting>;
  /** Sent with every request. */
  headers?: Record<string, ExpressionText>;
  /** Asked to prove settings and credentials; any answer below 400 does. */
  check: DeclaredRequest;
  lookup?: DeclaredLookup;
  receipts?: DeclaredReceipts;
  feedback?: DeclaredFeedback;
} & Partial<Record<Operation, DeclaredOperation>>;
