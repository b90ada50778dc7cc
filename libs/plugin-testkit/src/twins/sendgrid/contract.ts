/** One recipient's message as it was asked for. */
export interface SendGridMessage {
  /** The X-Message-Id of the request it came with, shared by all of that request. */
  messageId: string;
  to: string;
  from: string;
  subject?: string;
  templateId?: string;
  content: { type: string; value: string }[];
  customArgs: Record<string, string>;
  headers: Record<string, string>;
}

export interface EventRequest {
  /** Which of the messages: the newest to this address. */
  to: string;
  event: string;
  /** What the event has besides: `type`, `reason`, `url`, … */
  fields?: Record<string, unknown>;
}

export interface WebhookRequest {
  events: EventRequest[];
  /** When it is signed, in seconds before now. @default 0 */
  ageSeconds?: number;
  /** Posts it there as well. */
  url?: string;
}

/** A batch of events as SendGrid posts it. */
export interface Webhook {
  body: string;
  headers: Record<string, string>;
  posted?: number;
}
