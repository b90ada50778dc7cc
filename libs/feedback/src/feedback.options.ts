/** Injection token of FeedbackOptions. */
export const FEEDBACK_OPTIONS = Symbol('FeedbackOptions');

export interface FeedbackOptions {
  /** How providers reach the hub, such as https://hub.example.org; by default what the request was sent to. */
  publicUrl?: string;
}
