import { Injectable, Logger } from '@nestjs/common';
import { describeError } from '@percorso/kernel';
import { MessagePlanner, type PlannedMessages } from './walk/message-planner';
import { type OutboxRow, sayingsOf } from './keep/outbox';
import { PersonTurn } from './walk/person-turn';
import type { Decision, HeldOutcome, Moved, Refusal, StartedRead, TurnScope } from './walk/turn';
import type { TurnRead } from './turn-reader';

/** All that a turn brought about. */
export interface TurnOutcome {
  moved: Moved[];
  messages: PlannedMessages;
  sayings: OutboxRow[];
  refusals: Refusal[];
  decisions: Decision[];
  held: HeldOutcome[];
  reads: StartedRead[];
  parked: string[];
  /** Some timers that are due were not taken up. */
  unfinished: boolean;
}

/** Walks everybody whom a turn concerns, side by side, and makes ready what they send and say. */
@Injectable()
export class TurnWalker {
  private readonly logger = new Logger(TurnWalker.name);

  constructor(private readonly messages: MessagePlanner) {}

  walk(workspaceId: string, { scope, subjects }: TurnRead): Promise<TurnOutcome> {
    const turns = subjects.map((subject) => new PersonTurn(scope, subject));
    return Promise.race([this.walkAll(workspaceId, turns, scope), scope.facts.broken]);
  }

  private async walkAll(
    workspaceId: string,
    turns: readonly PersonTurn[],
    scope: TurnScope,
  ): Promise<TurnOutcome> {
    await Promise.all(turns.map((turn) => turn.run()));
    for (const { failure } of turns) {
      if (failure) this.logger.error(`Steps of a profile cannot be walked: ${describeError(failure.error)}`);
    }
    const moved = turns.flatMap(({ changed }) => changed);
    return {
      moved,
      messages: await this.messages.plan(workspaceId, moved, scope.facts),
      sayings: await sayingsOfAll(moved, scope),
      refusals: turns.flatMap(({ refusals }) => refusals),
      decisions: turns.flatMap(({ decisions }) => decisions),
      held: turns.flatMap(({ held }) => held),
      reads: turns.flatMap(({ reads }) => reads),
      parked: turns.flatMap(({ parked }) => parked),
      unfinished: turns.some(({ unfinished }) => unfinished),
    };
  }
}

const SAYS = new Set(['traits', 'consent', 'list']);

async function sayingsOfAll(moved: readonly Moved[], { facts, now }: TurnScope): Promise<OutboxRow[]> {
  const saying = moved.filter(({ commands }) => commands.some(({ command }) => SAYS.has(command.kind)));
  const sayings = await Promise.all(
    saying.map(async (one) => sayingsOf(one, await facts.document(one.instance.person, now))),
  );
  return sayings.flat();
}
