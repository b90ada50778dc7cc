/** One request that the twin took. */
export interface KeyedMessage {
  id: string;
  key: string;
  to: string;
  text: string;
  /** The key was known: the caller was given the first answer again, and nothing was sent. */
  repeated: boolean;
}
