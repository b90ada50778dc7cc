import { Injectable, Inject } from '@nestjs/common';
import { claimsOf, IdentityResolver, lockIdentities, Namespace, sendIdentityLock } from '@percorso/identity';
import { dropDuplicates } from '@percorso/ingest';
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
import { SchemaChecks, summed } from './schema/schema-checks';
import { countViolations, SchemaInForce } from './schema/schema.store';

export interface ApplyContext {
  partition: number;
  namespaces: readonly Namespace[];
  now: Date;
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
    await this.lockIdentities(tx);
    const welcome = await setErasedAside(tx, context.partition, items, context.namespaces);
    const outcome = await this.applyWelcome(tx, welcome, context);
    return { ...outcome, quarantined: outcome.quarantined + items.length - welcome.length };
  }

  /** Only the first lock of a workspace has to be waited for: it may have to make what is locked. */
  private async lockIdentities(tx: Transaction): Promise<void> {
    if (this.lockedOnce.has(tx.workspaceId)) return sendIdentityLock(tx);
    await lockIdentities(tx);
    this.lockedOnce.add(tx.workspaceId);
  }

  private async applyWelcome(
    tx: Transaction,
    items: readonly LogItem[],
    context: ApplyContext,
  ): Promise<Outcome> {
    const aside: QuarantinedItem[] = [];
    const parsed: GoodItem[] = [];
    for (const entry of items) {
      if ('ok' in entry.parsed) parsed.push({ ...entry, item: entry.parsed.ok });
      else aside.push({ ...entry, refusal: entry.parsed.quarantine });
    }
    const broken = await this.schemas.check(tx, parsed);
    const good = parsed.filter((_, index) => broken.get(index)?.schema.policy !== 'quarantine');
    for (const [index, { schema, pointer, keyword }] of broken) {
      if (schema.policy !== 'quarantine') continue;
      const entry = parsed[index]!;
      aside.push({ ...entry, parsed: { ok: entry.item }, refusal: violated(schema, pointer, keyword) });
    }
    await countViolations(tx, summed(broken.values()), context.now);
    const fresh = await dropDuplicates(tx, good, (entry) => entry.item.messageId, context.now);
    const claimed = fresh.map((entry) => ({ entry, claims: claimsOf(entry.item, context.namespaces) }));
    const placeable = claimed.filter(({ claims }) => claims.length > 0);
    for (const { entry } of claimed.filter(({ claims }) => claims.length === 0)) {
      aside.push({ ...entry, parsed: { ok: entry.item }, refusal: NO_IDENTITY });
    }
    await this.place(tx, placeable, context);
    await saveQuarantine(tx, context.partition, aside);
    return {
      accepted: placeable.length,
      duplicates: good.length - fresh.length,
      quarantined: aside.length,
    };
  }

  private async place(
    tx: Transaction,
    claimed: readonly { entry: GoodItem; claims: ReturnType<typeof claimsOf> }[],
    context: ApplyContext,
  ): Promise<void> {
    if (claimed.length === 0) return;
    const { partition, namespaces, now } = context;
    const resolution = await this.identities.resolve(
      tx,
      namespaces,
      partition,
      claimed.map(({ entry, claims }) => ({
        claims,
        previousId: entry.item.type === 'alias' ? entry.item.previousId : undefined,
        pos: entry.pos,
        messageId: entry.item.messageId,
        at: entry.item.timestamp,
      })),
      now,
    );
    const placed = claimed.map(({ entry }, index) => ({ ...entry, ...resolution.placements[index]! }));
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

const violated = ({ kind, name, version }: SchemaInForce, pointer: string, keyword: string): Refusal => ({
  code: 'schema-violation',
  reason: `Version ${version} of the schema ${kind}/${name} does not allow it (${keyword}).`,
  pointer,
});

const NO_IDENTITY = {
  code: 'no-identity',
  reason: 'No identity of the item can be used: too long, empty, or not storable.',
  pointer: '/userId',
};
