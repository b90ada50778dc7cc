import { HttpTwin } from '../http/http-twin';
import { toArguments, TwinProcess } from '../twin-process';
import type { SendGridMessage, Webhook, WebhookRequest } from './contract';

export interface SendGridTwinOptions {
  /** File of the append-only journal. */
  journal: string;
  apiKey: string;
  port?: number;
  controlPort?: number;
}

/** SendGrid's v3 mail send, and its signed event webhook. */
export class SendGridTwin extends HttpTwin<SendGridMessage> {
  /** What SendGrid posts about messages. */
  webhook(request: WebhookRequest): Promise<Webhook> {
    return this.control.post('webhooks', request);
  }

  /** The key that webhooks are verified with, as SendGrid's console shows it; another in each life of the twin. */
  async verificationKey(): Promise<string> {
    return (await this.control.get<{ key: string }>('key')).key;
  }
}

/** Starts it as a process of its own; it ends with this one. */
export async function startSendGridTwin(options: SendGridTwinOptions): Promise<SendGridTwin> {
  const { journal, apiKey, port, controlPort } = options;
  const args = toArguments({ journal, 'api-key': apiKey, port, 'control-port': controlPort });
  return new SendGridTwin(await TwinProcess.start('sendgrid', args));
}
