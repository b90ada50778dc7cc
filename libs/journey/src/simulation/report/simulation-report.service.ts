import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, type Page, pageOf } from '@percorso/access';
import { isId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../../definition/definition';
import { parseJourney } from '../../definition/parse-journey';
import type { JourneyInstanceView, JourneyReportView } from '../../insight/insight.dto';
import { instanceView, withoutProperties } from '../../insight/insight.view';
import { reportOf } from '../../insight/report';
import { SimulatedReader } from './simulated.reader';
import type {
  SimulatedInstanceQuery,
  SimulatedMessageQuery,
  SimulatedMessageView,
  SimulatedRefusalQuery,
  SimulatedRefusalView,
  SimulationReportView,
  WholeSimulatedInstanceView,
} from './simulation.dto';
import { notesOf } from './simulation-notes';
import { SimulationService } from '../job/simulation.service';
import type { SimulationRow } from '../job/simulation.store';
import { messageView, refusalView, simulationView, sumsOf } from './simulation.view';

/** Tells what simulations found. */
@Injectable()
export class SimulationReportService {
  constructor(
    private readonly database: Database,
    private readonly simulations: SimulationService,
    private readonly reader: SimulatedReader,
  ) {}

  /** @throws Problem 404 */
  get(workspaceId: string, journeyId: string, id: string): Promise<SimulationReportView> {
    return this.database.snapshot(workspaceId, async (tx) => {
      const row = await this.simulations.require(tx, journeyId, id);
      const journey = definitionOf(row);
      const days = await this.reader.days(tx, id);
      return {
        ...simulationView(row),
        report: await this.report(tx, row, journey),
        ...sumsOf(days, Object.keys(journey?.steps ?? {})),
        notes: journey ? notesOf(journey) : [],
      };
    });
  }

  async report(
    tx: Transaction,
    { id, journeyId, version }: SimulationRow,
    journey: JourneyDefinition | undefined,
  ): Promise<JourneyReportView> {
    const steps = Object.entries(journey?.steps ?? {}).map(([step, { kind }]) => ({ id: step, kind }));
    return { journeyId, version, ...reportOf(await this.reader.counts(tx, id), steps) };
  }

  /** @param personal whether what says something of persons is shown @throws Problem 404, 410 */
  messages(
    workspaceId: string,
    journeyId: string,
    id: string,
    { cursor, limit, step, profile }: SimulatedMessageQuery,
    personal: boolean,
  ): Promise<Page<SimulatedMessageView>> {
    const after = cursor === undefined ? undefined : decodeCursor<{ at: string; n: string }>(cursor);
    return this.rows(workspaceId, journeyId, id, async (tx) => {
      const rows = await this.reader.messages(tx, id, { step, profile }, after, limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => messageView(row, personal),
        ({ at, n }) => encodeCursor({ at, n }),
      );
    });
  }

  /** @throws Problem 404, 410 */
  instances(
    workspaceId: string,
    journeyId: string,
    id: string,
    { cursor, limit, ...filter }: SimulatedInstanceQuery,
  ): Promise<Page<JourneyInstanceView>> {
    const before = cursor === undefined ? undefined : decodeCursor<{ at: string; id: string }>(cursor);
    return this.rows(workspaceId, journeyId, id, async (tx) => {
      const rows = await this.reader.instances(tx, id, filter, before, limit + 1);
      return pageOf(rows, limit, instanceView, (row) => encodeCursor({ at: row.enteredAt, id: row.id }));
    });
  }

  /** @param personal whether what says something of the person is shown @throws Problem 404, 410 */
  instance(
    workspaceId: string,
    journeyId: string,
    id: string,
    instanceId: string,
    personal: boolean,
  ): Promise<WholeSimulatedInstanceView> {
    return this.rows(workspaceId, journeyId, id, async (tx) => {
      const found = isId(instanceId) ? await this.reader.instance(tx, id, instanceId) : undefined;
      if (!found) throw Problem.notFound('Journey instance');
      const { entry, context, trace, messages } = found;
      return {
        ...instanceView(found),
        entry: personal || entry.kind !== 'event' ? { ...entry } : withoutProperties(entry),
        context: personal ? context : null,
        trace: trace.map(({ at, visit, step, what, next = null, detail = null }) => {
          return { at: new Date(at), visit, step, what, next, detail };
        }),
        messages: messages.map((message) => messageView(message, personal)),
      };
    });
  }

  /** @throws Problem 404, 410 */
  refusals(
    workspaceId: string,
    journeyId: string,
    id: string,
    { cursor, limit, profile, code }: SimulatedRefusalQuery,
  ): Promise<Page<SimulatedRefusalView>> {
    const after = cursor === undefined ? undefined : decodeCursor<{ person: number; n: number }>(cursor);
    return this.rows(workspaceId, journeyId, id, async (tx) => {
      const rows = await this.reader.refusals(tx, id, { profile, code }, after, limit + 1);
      return pageOf(rows, limit, refusalView, ({ person, n }) => encodeCursor({ person, n }));
    });
  }

  private rows<T>(
    workspaceId: string,
    journeyId: string,
    id: string,
    read: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    return this.database.snapshot(workspaceId, async (tx) => {
      requireRows(await this.simulations.require(tx, journeyId, id));
      return read(tx);
    });
  }
}

export function definitionOf({ definition }: SimulationRow): JourneyDefinition | undefined {
  const parsed = parseJourney(definition);
  return parsed.ok ? parsed.journey : undefined;
}

/** @throws Problem 410 where what it found of persons is no longer kept */
export function requireRows({ clearedAt }: SimulationRow): void {
  if (!clearedAt) return;
  throw new Problem({
    status: 410,
    code: 'simulation-cleared',
    title: 'What this simulation found of persons is no longer kept',
    detail: 'Its report is. Simulate again to see who got what.',
  });
}
