export { DeliveryModule } from './delivery.module';
export { DeliveryWorkerModule } from './delivery-worker.module';
export { DEFAULT_DELIVERY, DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
export { DELIVERY_QUEUE, DeliveryWaker } from './delivery-waker';
export { ConsentSource, type ConsentState } from './consent-source';
export { DEAD_EFFECT, DEAD_EFFECTS, ENDED_BADLY } from './dead-effect';
export { DEAD_STATES, DeadEffectFilter, DeadEffectGroup, DeadEffectView } from './dead-effect.dto';
export { AttemptView, EffectView } from './effect.dto';
export { type EffectState, type NewEffect, type Reason } from './effect';
export {
  dropPending,
  dropUnsent,
  type Pending,
  recordEffects,
  type ReopenedEffect,
  reopenEffects,
} from './effect-ledger';
export { type EffectNews, forgetEffectNews, type NewsShare, readEffectNews } from './effect-news';
export { RESPONSE_TOO_LARGE } from './outcome';
export { type Mapped, outgoingPayload, type OutgoingPayload, type PayloadForm } from './outgoing-payload';
export { messageEventName, NAMED_CHANNELS } from './message-event-name';
export { dropExchanges, findExchange } from './exchange.store';
export { LaneDelivery } from './lane-delivery';
export { LanePump } from './lane-pump';
export {
  type CallOptions,
  type Lane,
  type LaneCapability,
  type OutgoingItem,
  ProviderGateway,
} from './provider-gateway';
export {
  addSuppressions,
  comparableAddress,
  storedForms,
  suppressedAmong,
  type Suppression,
  type SuppressionReason,
} from './suppression.store';
export { allowsUnknown, forbids, type Permission } from './permission';
export { namespaceOf } from './channel-namespace';
export { UnknownResolver } from './unknown-resolver';
