import { HttpTwin } from '../http/http-twin';
import { toArguments, TwinProcess } from '../twin-process';
import type { Callback, CallbackRequest, TwilioMessage } from './contract';

export interface TwilioTwinOptions {
  /** File of the append-only journal. */
  journal: string;
  accountSid: string;
  authToken: string;
  port?: number;
  controlPort?: number;
}

/** Twilio's message API, and the callbacks it makes. */
export class TwilioTwin extends HttpTwin<TwilioMessage> {
  /** What Twilio posts about a message to the StatusCallback it was sent with. */
  callback(request: CallbackRequest): Promise<Callback> {
    return this.control.post('callbacks', request);
  }
}

/** Starts it as a process of its own; it ends with this one. */
export async function startTwilioTwin(options: TwilioTwinOptions): Promise<TwilioTwin> {
  const { journal, accountSid, authToken, port, controlPort } = options;
  const args = toArguments({
    journal,
    'account-sid': accountSid,
    'auth-token': authToken,
    port,
    'control-port': controlPort,
  });
  return new TwilioTwin(await TwinProcess.start('twilio', args));
}
