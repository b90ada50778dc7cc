/** Errors a plugin throws. The class says what happens next; the message is shown to the admin, so keep data out of it. */
export abstract class PluginError extends Error {
  /** Survives two copies of this package in one process, where `instanceof` does not. */
  abstract readonly kind:
    'bad-credentials' | 'bad-settings' | 'bad-receipt' | 'try-later' | 'bad-payload' | 'unclear';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The provider refuses the credentials. Next: the connector rests until an admin changes them; nothing is lost. */
export class BadCredentials extends PluginError {
  readonly kind = 'bad-credentials';
}

/** A setting cannot work. Next: the connector rests until an admin changes it; `pointer` marks the field. */
export class BadSettings extends PluginError {
  readonly kind = 'bad-settings';

  constructor(
    readonly pointer: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A receipt that is not the provider's, or too old to be news. Next: it is refused, and nothing of it is believed. */
export class BadReceipt extends PluginError {
  readonly kind = 'bad-receipt';
}

/** Nothing of this call was accepted. Next: every item is tried again, not before `afterSeconds`. */
export class TryLater extends PluginError {
  readonly kind = 'try-later';

  constructor(
    readonly afterSeconds?: number,
    message = 'The provider asks to try later.',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The provider refuses every item of this call for good. Next: each becomes a dead letter with this reason. */
export class BadPayload extends PluginError {
  readonly kind = 'bad-payload';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whether the provider accepted is not known. Next: resolved by key, upsert or lookup, else listed; never sent blindly. */
export class Unclear extends PluginError {
  readonly kind = 'unclear';

  constructor(
    readonly code: string,
    message = 'The provider did not say whether it accepted.',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The connection was never made, so nothing was sent. `code` is the system's or the host's reason. */
export class NotConnected extends Error {
  readonly kind = 'not-connected';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'NotConnected';
  }
}
