export { CampaignClassicTwin, startCampaignClassicTwin } from './campaign-classic/campaign-classic-twin';
export type { CampaignClassicTwinOptions } from './campaign-classic/campaign-classic-twin';
export type {
  DeliveryLogInput,
  Effect,
  InjectedFault,
  JournalEntry,
  Operation,
  Row,
  RowEntry,
  Scalar,
  TwinCounters,
} from './campaign-classic/contract';
export { makeCertificate, type Certificate } from './certificate';
export { type HttpFault } from './http/http-fault';
export { HttpProvider, type Call, type Reply, type SeenCall } from './http/http-provider';
export { HttpTwin } from './http/http-twin';
export { TwinControlError } from './control-client';
export { TwinStartError } from './twin-process';
export { SmtpSink, startSmtpSink } from './smtp-sink/smtp-sink';
export type { SmtpSinkOptions } from './smtp-sink/smtp-sink';
export type {
  Bounce,
  BounceRequest,
  SinkCounters,
  SinkJournalEntry,
  SinkMessage,
  SinkRule,
} from './smtp-sink/contract';
export { SendGridTwin, startSendGridTwin, type SendGridTwinOptions } from './sendgrid/sendgrid-twin';
export type { EventRequest, SendGridMessage, Webhook, WebhookRequest } from './sendgrid/contract';
export { TwilioTwin, startTwilioTwin, type TwilioTwinOptions } from './twilio/twilio-twin';
export type { Callback, CallbackRequest, TwilioMessage } from './twilio/contract';
export { KeyedTwin, startKeyedTwin, type KeyedTwinOptions } from './keyed/keyed-twin';
export type { KeyedMessage } from './keyed/contract';
