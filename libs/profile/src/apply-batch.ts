import { Injectable, Inject } from '@nestjs/common';
import {
  type Claim,
  claimsOf,
  IdentityResolver,
  type KnownIdentities,
  lockIdentities,
  Namespace,
} from '@percorso/identity';
import { dropDuplicates, seenMessages } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { GoodItem, LogItem, Outcome, Refusal } from './log-item';
import { setErasedAside } from './erasure/set-erased-aside';
import { saveEvents } from './event.store';
import { saveGroups } from './group-account.store';
import { PERSON_HOOKS, PersonHook } from './person-hooks';
import { applySayings } from './apply-sayings';
import { refsOf } from './profile.store';
import { QuarantinedItem, saveQuarantine } from './quarantine.store';
import { stampOf } from './sayings';
import { type Broken, SchemaChecks, summed } from './schema/schema-checks';
import { countViolations } from './schema/schema.store';

export interface ApplyContext {
  partition: number;
  namespaces: readonly Namespace[];
  now: Date;
}

/** An item that can be applied, and whom it names. */
interface Candidate extends GoodItem {
  claims: Claim[];
  previousId?: string;
}

/** Applies a batch of log items to identities, profiles and events, in one transaction. */
@Injectable()
export class BatchApplier {
  private readonly schemas = new SchemaChecks();
  private readonly lockedOnce = new Set<string | undefined>();

  constructor(
    private readonly identities: IdentityResolver,
    @Inject(PERSON_HOOKS) private readonly hooks: readonly PersonHook[],
  ) {}

  async apply(tx: Transaction, items: readonly LogItem[], context: ApplyContext): Promise<Outcome> {
    const { partition, namespaces } = context;
    const candidates = candidatesOf(items, namespaces);
    // An erasure's first step takes this lock: it is either seen here, or finds what was applied.
    await this.lockFirst(tx);
    const [known, welcome, broken, seen] = await Promise.all([
      this.identities.lookUp(tx, namespaces, [...candidates.values()]),
      setErasedAside(tx, partition, items, namespaces),
      this.schemas.check(tx, [...candidates.values()]),
      seenMessages(
        tx,
        [...candidates.values()].map(({ item }) => item.messageId),
        context.now,
      ),
    ]);
    const byItem = new Map([...candidates.keys()].map((entry, index) => [entry, broken.get(index)]));
    const outcome = await this.applyWelcome(
      tx,
      welcome.map((entry) => ({ entry, candidate: candidates.get(entry), broken: byItem.get(entry) })),
      { known, seen },
      context,
    );
    return { ...outcome, quarantined: outcome.quarantined + items.length - welcome.length };
  }

  /** Only the first lock of a workspace has to be waited for: it may have to make what is locked. */
  private async lockFirst(tx: Transaction): Promise<void> {
    if (this.lockedOnce.has(tx.workspaceId)) return;
    await lockIdentities(tx);
    this.lockedOnce.add(tx.workspaceId);
  }

  private async applyWelcome(
    tx: Transaction,
    items: readonly { entry: LogItem; candidate?: Candidate; broken?: Broken }[],
    { known, seen }: { known: KnownIdentities; seen: ReadonlySet<string> },
    context: ApplyContext,
  ): Promise<Outcome> {
    const aside: QuarantinedItem[] = [];
    const good: Candidate[] = [];
    for (const { entry, candidate, broken } of items) {
      if ('quarantine' in entry.parsed) aside.push({ ...entry, refusal: entry.parsed.quarantine });
      else if (broken?.schema.policy === 'quarantine') aside.push({ ...entry, refusal: violated(broken) });
      else if (candidate) good.push(candidate);
    }
    const violations = items.flatMap(({ broken }) => broken ?? []);
    await countViolations(tx, summed(violations), context.now);
    const fresh = dropDuplicates(tx, good, ({ item }) => item.messageId, seen, context.now);
    const placeable = fresh.filter(({ claims }) => claims.length > 0);
    for (const entry of fresh.filter(({ claims }) => claims.length === 0)) {
      aside.push({ ...entry, parsed: { ok: entry.item }, refusal: NO_IDENTITY });
    }
    await this.place(tx, placeable, known, context);
    await saveQuarantine(tx, context.partition, aside);
    return {
      accepted: placeable.length,
      duplicates: good.length - fresh.length,
      quarantined: aside.length,
    };
  }

  private async place(
    tx: Transaction,
    candidates: readonly Candidate[],
    known: KnownIdentities,
    context: ApplyContext,
  ): Promise<void> {
    if (candidates.length === 0) return;
    const { partition, namespaces, now } = context;
    const resolution = await this.identities.resolve(
      tx,
      known,
      namespaces,
      partition,
      candidates.map(({ claims, previousId, pos, item }) => ({
        claims,
        previousId,
        pos,
        messageId: item.messageId,
        at: item.timestamp,
      })),
      now,
    );
    const placed = candidates.map((entry, index) => ({ ...entry, ...resolution.placements[index]! }));
    await applySayings(tx, placed, resolution, now);
    const changedAccounts = await saveGroups(
      tx,
      placed.flatMap((event) =>
        event.item.type === 'group' && event.item.groupId !== undefined
          ? [
              {
                group: event.item.groupId,
                home: event.home,
                traits: Object.entries(event.item.traits ?? {}),
                stamp: stampOf(event),
              },
            ]
          : [],
      ),
      now,
    );
    await this.tellAccounts(tx, changedAccounts, now);
    await saveEvents(tx, partition, placed);
    await this.tellMerges(tx, resolution.merges, now);
  }

  private async tellAccounts(tx: Transaction, accounts: readonly string[], now: Date): Promise<void> {
    if (accounts.length === 0) return;
    for (const hook of this.hooks) await hook.accountsChanged?.(tx, accounts, now);
  }

  private async tellMerges(
    tx: Transaction,
    merges: readonly { winner: number; loser: number }[],
    now: Date,
  ): Promise<void> {
    if (merges.length === 0 || this.hooks.length === 0) return;
    const refs = await refsOf(
      tx,
      merges.flatMap((merge) => [merge.winner, merge.loser]),
    );
    const pairs = merges.map((merge) => ({ winner: refs.get(merge.winner)!, loser: refs.get(merge.loser)! }));
    for (const hook of this.hooks) await hook.merged?.(tx, pairs, now);
  }
}

/** The items that can be read, by what they are in the log. */
function candidatesOf(items: readonly LogItem[], namespaces: readonly Namespace[]): Map<LogItem, Candidate> {
  const candidates = new Map<LogItem, Candidate>();
  for (const entry of items) {
    if (!('ok' in entry.parsed)) continue;
    const item = entry.parsed.ok;
    const previousId = item.type === 'alias' ? item.previousId : undefined;
    candidates.set(entry, { ...entry, item, claims: claimsOf(item, namespaces), previousId });
  }
  return candidates;
}

const violated = ({ schema: { kind, name, version }, pointer, keyword }: Broken): Refusal => ({
  code: 'schema-violation',
  reason: `Version ${version} of the schema ${kind}/${name} does not allow it (${keyword}).`,
  pointer,
});

const NO_IDENTITY = {
  code: 'no-identity',
  reason: 'No identity of the item can be used: too long, empty, or not storable.',
  pointer: '/userId',
};
