/** A message the twin took, as it was asked for. */
export interface TwilioMessage {
  sid: string;
  to: string;
  from?: string;
  messagingServiceSid?: string;
  body?: string;
  mediaUrls: string[];
  statusCallback?: string;
}

export interface CallbackRequest {
  sid: string;
  /** `delivered`, `undelivered`, … */
  status: string;
  errorCode?: number;
  /** Posts it to the message's StatusCallback as well. */
  post?: boolean;
}

/** A callback as Twilio posts it: a form, signed over the address and its fields. */
export interface Callback {
  url: string;
  body: string;
  headers: Record<string, string>;
  /** The answer, when it was posted. */
  posted?: number;
}
