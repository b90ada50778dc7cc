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
export { HttpProvider, type Call, type Reply } from './http/http-provider';
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
