import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, type Page, pageOf } from '@percorso/access';
import { canonicalJson, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import type { JourneyReportView } from '../../insight/insight.dto';
import { type ComparedCounts, type ComparedPlace, ComparisonStore } from './comparison.store';
import type {
  ComparedMessageQuery,
  ComparedMessages,
  ComparedMessageView,
  ComparedSimulation,
  ComparedStep,
  ComparisonView,
} from './comparison.dto';
import { definitionOf, requireRows, SimulationReportService } from './simulation-report.service';
import { SimulationService } from '../job/simulation.service';
import type { SimulationRow } from '../job/simulation.store';
import { comparedView } from './simulation.view';

/** Holds two simulations of one journey over one window against each other. */
@Injectable()
export class ComparisonService {
  constructor(
    private readonly database: Database,
    private readonly simulations: SimulationService,
    private readonly reports: SimulationReportService,
    private readonly store: ComparisonStore,
  ) {}

  /** @throws Problem 404, 409 while one is not done, 410, 422 where they cannot be compared */
  compare(workspaceId: string, journeyId: string, id: string, withId: string): Promise<ComparisonView> {
    return this.database.snapshot(workspaceId, async (tx) => {
      const [first, second] = await this.both(tx, journeyId, id, withId);
      const [one, other] = [
        await this.reports.report(tx, first, definitionOf(first)),
        await this.reports.report(tx, second, definitionOf(second)),
      ];
      const steps = await this.store.messages(tx, id, withId);
      return {
        from: first.from,
        until: first.until,
        first: summaryOf(first, one),
        second: summaryOf(second, other),
        sameResponses: canonicalJson(first.responses) === canonicalJson(second.responses),
        profiles: await this.store.profiles(tx, id, withId),
        messages: sumOf(steps),
        steps: stepsOf(one, other, steps),
      };
    });
  }

  /** @param personal whether what says something of persons is shown @throws Problem as `compare` */
  messages(
    workspaceId: string,
    journeyId: string,
    id: string,
    { cursor, limit, with: withId, ...filter }: ComparedMessageQuery,
    personal: boolean,
  ): Promise<Page<ComparedMessageView>> {
    const after = cursor === undefined ? undefined : decodeCursor<ComparedPlace>(cursor);
    return this.database.snapshot(workspaceId, async (tx) => {
      await this.both(tx, journeyId, id, withId);
      const rows = await this.store.rows(tx, [id, withId], filter, after, limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => comparedView(row, personal),
        ({ person, key, step, nth }) => encodeCursor({ person, key, step, nth }),
      );
    });
  }

  private async both(
    tx: Transaction,
    journeyId: string,
    id: string,
    withId: string,
  ): Promise<[SimulationRow, SimulationRow]> {
    const first = await this.simulations.require(tx, journeyId, id);
    const second = await this.simulations.find(tx, journeyId, withId);
    if (!second) throw refusal('unknown-simulation', 'must be another simulation of the same journey');
    if (windowOf(first) !== windowOf(second)) {
      throw refusal(
        'other-window',
        `must be over the same window: ${windowOf(first)}, not ${windowOf(second)}`,
      );
    }
    for (const one of [first, second]) {
      if (one.state !== 'done') {
        throw Problem.conflict(
          'not-done',
          `The simulation ${one.id} is ${one.state}; only those done are compared.`,
        );
      }
      requireRows(one);
    }
    return [first, second];
  }
}

const refusal = (code: string, message: string): Problem =>
  Problem.invalid(
    [{ pointer: 'with', code, message }],
    `The simulations cannot be compared: with ${message}.`,
  );

const windowOf = ({ from, until, eventTime }: SimulationRow): string =>
  `${from.toISOString()} to ${until.toISOString()} by ${eventTime} time`;

const summaryOf = (
  { id, version, messages }: SimulationRow,
  { entered, walked, heldOut }: JourneyReportView,
): ComparedSimulation => {
  return { id, version, entered, messages, reached: walked.reached + heldOut.reached, rate: walked.rate };
};

const NOTHING = { same: 0, otherTime: 0, otherContent: 0, onlyFirst: 0, onlySecond: 0 };

const sumOf = (steps: readonly ComparedCounts[]): ComparedMessages =>
  steps.reduce(
    (sum, one) => ({
      same: sum.same + one.same,
      otherTime: sum.otherTime + one.otherTime,
      otherContent: sum.otherContent + one.otherContent,
      onlyFirst: sum.onlyFirst + one.onlyFirst,
      onlySecond: sum.onlySecond + one.onlySecond,
    }),
    NOTHING,
  );

function stepsOf(
  first: JourneyReportView,
  second: JourneyReportView,
  messages: readonly ComparedCounts[],
): ComparedStep[] {
  const ids = new Set([...first.steps, ...second.steps].map(({ id }) => id));
  return [...ids].map((id) => {
    const counts = messages.find(({ step }) => step === id);
    return {
      id,
      first: first.steps.find((step) => step.id === id) ?? null,
      second: second.steps.find((step) => step.id === id) ?? null,
      messages: counts ? sumOf([counts]) : null,
    };
  });
}
