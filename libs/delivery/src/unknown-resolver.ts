import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import type { LookupResult } from '@percorso/plugin-kit';
import { Database, type Transaction } from '@percorso/storage';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import { decide, type DueUnknown, expireLeases, lockUnknown } from './effect.store';
import { gateOf } from './flow';
import { connectorPlace, readFlow } from './flow.store';
import { DOUBT_DUE } from './lanes-with-work';
import type { Outcome } from './outcome';
import { itemOf, type Lane, ProviderGateway } from './provider-gateway';
import { byPolicy, decideUnknown, nextQuestion } from './unknown-decision';

const PAGE = 200;

/** Brings effects of unknown outcome to an end without ever sending blindly. */
@Injectable()
export class UnknownResolver {
  private readonly logger = new Logger(UnknownResolver.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: ProviderGateway,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {}

  /** Whether there is something to take over or to resolve now. */
  async isDue(workspaceId: string, connectorId: string): Promise<boolean> {
    const now = this.clock.now();
    const [row] = await this.database.statement<{ due: boolean }>(workspaceId, `SELECT ${DOUBT_DUE} AS due`, [
      workspaceId,
      now,
      connectorId,
    ]);
    return row?.due ?? false;
  }

  /** Takes over what a silent worker left, then resolves what is due. */
  async resolve(workspaceId: string, connectorId: string, lane: Lane): Promise<void> {
    const lost = await this.database.tx(workspaceId, (tx) => expireLeases(tx, connectorId, this.clock.now()));
    if (lost > 0) this.logger.warn({ connectorId, effects: lost }, 'A worker fell silent while sending');
    for (;;) {
      const { due, asks } = await this.database.tx(workspaceId, (tx) =>
        this.decideDue(tx, connectorId, lane),
      );
      if (asks.length > 0) await this.ask(workspaceId, connectorId, asks);
      if (due < PAGE) return;
    }
  }

  private async decideDue(
    tx: Transaction,
    connectorId: string,
    lane: Lane,
  ): Promise<{ due: number; asks: DueUnknown[] }> {
    const now = this.clock.now();
    const flow = await readFlow(tx, connectorPlace(connectorId));
    const gate = gateOf(flow, now);
    if (!gate.open && gate.because !== 'rate') return { due: 0, asks: [] };
    const due = await lockUnknown(tx, connectorId, now, PAGE);
    const asks: DueUnknown[] = [];
    const outcomes = due.map((effect) => {
      const decision = decideUnknown(effect, lane, now, this.options);
      if (decision === 'ask') asks.push(effect);
      const outcome = this.outcome(decision, effect, now);
      const { attempt } = effect;
      return { id: effect.id, outcome: byPolicy(outcome, flow.whenUnknown, { attempt, now }, this.options) };
    });
    await decide(tx, outcomes, now);
    return { due: due.length, asks };
  }

  private outcome(decision: ReturnType<typeof decideUnknown>, effect: DueUnknown, now: Date): Outcome {
    switch (decision) {
      case 'supersede':
        return { state: 'superseded', reason: { code: 'newer-version' } };
      case 'resend':
        return { state: 'pending', reason: { code: 'unresolved' }, dueAt: now };
      case 'ask':
        // The next question is set before this one: a worker that dies while asking delays, and loses nothing.
        return { state: 'unknown', reason: UNRESOLVED, dueAt: nextQuestion(effect.doubtfulSince, now) };
      case 'keep':
        return { state: 'unknown', reason: UNRESOLVED, dueAt: 'never' };
    }
  }

  private async ask(workspaceId: string, connectorId: string, effects: DueUnknown[]): Promise<void> {
    const answers = await this.gateway
      .lookup(workspaceId, connectorId, effects.map(itemOf))
      .catch((): LookupResult[] => []);
    const now = this.clock.now();
    const outcomes = effects.flatMap((effect, index): { id: string; outcome: Outcome }[] => {
      const answer = answers[index];
      // The provider tells what is there: of what was to be removed that means the opposite.
      const [done, undone] =
        effect.operation === 'remove' ? (['absent', 'accepted'] as const) : (['accepted', 'absent'] as const);
      if (answer === done) return [{ id: effect.id, outcome: { state: 'accepted' } }];
      if (answer !== undone) return [];
      const code = effect.operation === 'remove' ? 'still-there' : 'absent';
      const outcome: Outcome = effect.stale
        ? { state: 'superseded', reason: { code: 'newer-version' } }
        : { state: 'pending', reason: { code }, dueAt: now, doubt: 'clear' };
      return [{ id: effect.id, outcome }];
    });
    await this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `SELECT id FROM effect WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND state = 'unknown' FOR UPDATE`,
        [workspaceId, outcomes.map((one) => one.id)],
      );
      const still = new Set(rows.map((row) => row.id));
      await decide(
        tx,
        outcomes.filter((one) => still.has(one.id)),
        now,
      );
    });
  }
}

const UNRESOLVED = { code: 'unresolved', reason: 'The provider may have it and cannot be asked.' };
