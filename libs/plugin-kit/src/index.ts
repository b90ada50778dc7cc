// What a plugin is made of: definePlugin, capability, settings, verdicts, errors.
export {
  capability,
  definePlugin,
  CAPABILITIES,
  KINDS,
  OPERATIONS,
  type Capability,
  type CapabilityName,
  type CapabilityOptions,
  type Context,
  type Deliver,
  type FeedbackPage,
  type Idempotency,
  type Item,
  type LookupResult,
  type Operation,
  type Plugin,
  type PluginKind,
  type PluginLog,
  type ReceiptRequest,
} from './plugin';
export { Secret, Setting, type JsonSchema, type SettingHints, type SettingsError } from './settings';
export {
  accepted,
  answered,
  rejected,
  retry,
  unknown,
  RESPONSE_BYTES,
  type RejectedDetail,
  type Verdict,
} from './verdict';
export {
  BadCredentials,
  BadPayload,
  BadReceipt,
  BadSettings,
  NotConnected,
  PluginError,
  TryLater,
  Unclear,
} from './errors';
export { MESSAGE_EVENTS, type MessageEvent } from './message-event';
export { retryAfter, verdictFor } from './runtime/classify';
export { itemwise, partwise, type InParts } from './itemwise';
export { partOf } from './runtime/exchanges';

// A plugin without code.
export { BadDeclaration, declarativePlugin } from './declarative/declarative-plugin';
export type { Declaration } from './declarative/declaration';
export { parseDeclaration } from './declarative/read-declaration';

// What hosts and exams use to run one.
export {
  API_VERSION,
  CONTRACT_VERSIONS,
  contractOf,
  inNewestContract,
  type ContractRefusal,
} from './contract/versions';
export type { ContractVersion } from './contract/contract-version';
export { parseManifest, PLUGIN_KEYWORD, type Egress, type PluginManifest } from './manifest';
export type { Fault } from './runtime/classify';
export { PluginRuntime, type Outcome, type PluginDescription } from './runtime/plugin-runtime';
export type { Connect } from './runtime/http';
export {
  type Exchange,
  type ExchangeBody,
  type HttpExchange,
  type ItemsExchange,
  MOST_BODY,
} from './runtime/exchanges';
