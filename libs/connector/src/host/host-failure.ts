/** Why a plugin's process gave no answer. */
export type HostFailureCode =
  | 'plugin-died'
  | 'plugin-deadline'
  | 'plugin-memory'
  | 'plugin-flood'
  | 'plugin-stopped'
  | 'plugin-not-started'
  | 'plugin-resting'
  | 'plugin-error';

/** A call to a plugin's process that was not answered. */
export class HostFailure extends Error {
  constructor(
    readonly code: HostFailureCode,
    /** Whether the plugin had the call, so that it may have reached the provider. */
    readonly sent: boolean,
    message: string,
    readonly afterSeconds?: number,
  ) {
    super(message);
    this.name = 'HostFailure';
  }
}
