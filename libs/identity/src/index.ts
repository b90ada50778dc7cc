export { IdentityModule } from './identity.module';
export { byPriority, claimsOf, previousClaims, type Claim, type ClaimSource } from './claims';
export { DEFAULT_NAMESPACES, type Namespace, type Normalization, type Uniqueness } from './namespace';
export { normalizeIdentity } from './normalize-identity';
export { insertDefaultNamespaces, loadNamespaces, type StoredNamespace } from './namespace.store';
export {
  IdentityResolver,
  type IdentityEvent,
  type KnownIdentities,
  type Resolution,
} from './identity-resolver';
export { lockIdentities } from './identity.store';
export {
  addMerge,
  currentPerson,
  homesOf,
  listMerges,
  reverseMerge,
  type Merge,
  type ReversedMerge,
} from './merge.store';
export { IdentityGraph, type NewMerge, type Node, type PersonFacts, type Placement } from './resolve-person';
