import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import {
  type ComputedChange,
  type ComputedRow,
  type ComputedValue,
  ComputedValueStore,
  LoadGate,
} from '@percorso/profile';
import { Database, Shards, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import type { SetScope } from '../compile/compile-scope';
import { EvaluationQueue } from '../evaluation/evaluation.queue';
import { findMembers } from '../evaluation/find-members';
import { isPassing, nameOf } from '../evaluation/passing-error';
import { type Overtaking, SetGuard } from '../stream/set-guard';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { Sweeper } from '../stream/sweeper';
import { WakeStore } from '../stream/wake.store';
import { type ComputationLease, ComputationLost, ComputationStore } from './computation.store';
import { ComputedTraitStore } from './computed-trait.store';
import { findValues } from './find-values';
import { parseTrait } from './parse-trait';
import { traitDrift } from './trait-metrics';
import { conditionOf, type TraitDefinition } from './trait-definition';
import { storedOf } from './trait-value';
import { TraitUses } from './trait-uses';

/** Everybody's value of a trait, found at one position and moment. */
interface ComputedSet {
  definition: TraitDefinition;
  zone: string | undefined;
  valueOf: (person: number) => ComputedValue | undefined;
  asOfPos: number;
  asOf: Date;
  since: Date;
  /** Traits that conditions look at were there up to this position. */
  traitsPos: number;
}

/** Persons looked at in one read, and changed in one transaction. */
const PAGE = 5000;
const CHUNK = 1000;
const RETRY_SECONDS = 5;

/** Computes a trait for everybody from the data as it stands, and writes what differs. */
@Injectable()
export class TraitComputer {
  private readonly logger = new Logger(TraitComputer.name);

  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly traits: ComputedTraitStore,
    private readonly computations: ComputationStore,
    private readonly values: ComputedValueStore,
    private readonly audiences: AudienceStore,
    private readonly guard: SetGuard,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
    private readonly sweeper: Sweeper,
    private readonly uses: TraitUses,
    private readonly queue: EvaluationQueue,
  ) {}

  /** Compute one trait if that was asked for and nobody is at it; false otherwise. */
  async compute(workspaceId: string, key: string): Promise<boolean> {
    const lease = await this.database.tx(workspaceId, (tx) => this.computations.claim(tx, key));
    if (!lease) return false;
    try {
      await this.run(workspaceId, lease);
    } catch (error) {
      await this.giveUp(workspaceId, lease, error);
    }
    return true;
  }

  /** Take the values of a deleted trait away from everybody, and then the trait itself. */
  async remove(workspaceId: string, key: string): Promise<void> {
    for (let after: number | undefined = 0; after !== undefined;) {
      const from: number = after;
      after = await this.database.tx(workspaceId, async (tx) => {
        // A turn that began before it was deleted may be writing values of it still.
        await this.guard.hold(tx);
        return this.values.remove(tx, key, from, CHUNK, this.clock.now());
      });
    }
    await this.database.tx(workspaceId, (tx) => this.traits.delete(tx, key));
  }

  private async run(workspaceId: string, lease: ComputationLease): Promise<void> {
    const set = await this.find(workspaceId, lease);
    const moment = { pos: set.asOfPos, asOf: set.asOf, since: set.since, traitsPos: set.traitsPos };
    const caughtUp = await this.guard.caughtUp(workspaceId, moment);
    const asDrift = caughtUp && !lease.moved;
    const changed = await this.apply(workspaceId, lease, set, this.guard.overtaking(moment), asDrift);
    if (lease.moved) {
      const where = conditionOf(set.definition);
      await this.sweeper.sweepDefinitions(workspaceId, [{ version: 1, where }], set.zone, set.asOf);
    }
    const asked = await this.database.tx(workspaceId, async (tx) => {
      if (asDrift && changed > 0) await this.guard.distrustState(tx);
      const { asOfPos, asOf } = set;
      await this.computations.finish(tx, lease, { asOfPos, asOf, asDrift });
      return changed > 0 ? this.uses.follow(tx, lease.key, this.clock.now()) : [];
    });
    for (const id of asked) await this.queue.wake(workspaceId, id);
  }

  private async find(workspaceId: string, lease: ComputationLease): Promise<ComputedSet> {
    const since = this.clock.now();
    const { definition, zone, traitsPos } = await this.database.tx(workspaceId, async (tx) => ({
      definition: await this.definition(tx, lease),
      zone: await this.audiences.zone(tx),
      traitsPos: await this.guard.position(tx),
    }));
    return this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const asOf = this.clock.now();
      const scope = { workspaceId, now: asOf, asOfPos: pos, zone };
      const valueOf = await this.query(definition, scope);
      return { definition, zone, valueOf, asOfPos: pos, asOf, since, traitsPos };
    });
  }

  private async query(definition: TraitDefinition, scope: SetScope): Promise<ComputedSet['valueOf']> {
    if (definition.kind === 'measure') {
      const valueOf = await findValues(this.shards, definition, scope);
      return (person) => storedOf(valueOf(person));
    }
    const [members] = await findMembers(this.shards, [{ version: 1, where: definition.where }], scope);
    const persons = new Set(members!.persons());
    return (person) => ({ boolean: persons.has(person) });
  }

  private async definition(tx: Transaction, lease: ComputationLease): Promise<TraitDefinition> {
    const row = await this.traits.find(tx, lease.key);
    if (row?.definitionVersion !== lease.definitionVersion) throw new ComputationLost('it was edited');
    const parsed = parseTrait(row.definition);
    if (parsed.ok) return parsed.trait;
    throw Problem.invalid(parsed.errors, 'The trait has a definition this release cannot read.');
  }

  /** Write what differs; how many values that was. */
  private async apply(
    workspaceId: string,
    lease: ComputationLease,
    set: ComputedSet,
    overtaking: Overtaking,
    asDrift: boolean,
  ): Promise<number> {
    // From now on nobody sees what sources say of the key: profiles that had it are other ones.
    const hides = lease.backfilledVersion === null;
    let changed = 0;
    for (let after: number | undefined = 0; after !== undefined;) {
      const from: number = after;
      const page = await this.database.tx(workspaceId, (tx) => this.values.page(tx, lease.key, from, PAGE));
      const differing = page
        .map((row) => ({ ...row, said: hides && row.said }))
        .filter((row) => row.said || !isSame(row, set.valueOf(row.person)));
      for (let start = 0; start < differing.length; start += CHUNK) {
        const rows = differing.slice(start, start + CHUNK);
        const done = await this.database.tx(workspaceId, async (tx) => {
          const written = await this.write(tx, lease, set, overtaking, rows);
          await this.computations.progress(tx, lease, written);
          return written;
        });
        if (asDrift) traitDrift.inc(done);
        changed += done;
      }
      after = page.at(-1)?.person;
    }
    return changed;
  }

  private async write(
    tx: Transaction,
    lease: ComputationLease,
    set: ComputedSet,
    overtaking: Overtaking,
    rows: readonly ComputedRow[],
  ): Promise<number> {
    await this.guard.hold(tx);
    const remaining = new Set(
      await overtaking.remaining(
        tx,
        rows.map(({ person }) => person),
      ),
    );
    const changes = rows.flatMap(({ person, said }): ComputedChange[] => {
      const mine = remaining.has(person);
      if (!mine && !said) return [];
      return [{ person, values: new Map(mine ? [[lease.key, set.valueOf(person)]] : []) }];
    });
    const now = this.clock.now();
    const written = await this.values.write(tx, changes, now);
    const held = changes.filter(({ person }) => !written.has(person));
    await this.wakes.sooner(
      tx,
      held.map(({ person }) => ({ person, due: now.getTime() })),
    );
    if (held.length > 0) await this.cursors.wakeBy(tx, now);
    return changes.length;
  }

  private async giveUp(workspaceId: string, lease: ComputationLease, error: unknown): Promise<void> {
    if (error instanceof ComputationLost) return;
    const passing = isPassing(error);
    const reason = error instanceof Problem ? error.message : 'The values could not be computed.';
    this.logger.warn(`Trait ${lease.key} ${passing ? 'will be tried again' : 'failed'}: ${nameOf(error)}`);
    const write = this.database.tx(workspaceId, (tx) =>
      passing
        ? this.computations.release(tx, lease, RETRY_SECONDS)
        : this.computations.fail(tx, lease, reason),
    );
    // Without PostgreSQL the lease simply ends by itself.
    await write.catch((lost: unknown) =>
      this.logger.warn(`Trait ${lease.key} waits for its lease: ${nameOf(lost)}`),
    );
  }
}

function isSame({ value }: ComputedRow, wanted: ComputedValue | undefined): boolean {
  if (!value || !wanted) return !value && !wanted;
  return Object.entries(wanted).every(([kind, own]) => (value as Record<string, unknown>)[kind] === own);
}
