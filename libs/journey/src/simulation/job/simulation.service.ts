import { Inject, Injectable } from '@nestjs/common';
import { audit, decodeCursor, encodeCursor, type Page, pageOf, PageQuery } from '@percorso/access';
import { CLOCK, type Clock, isId, newId, Problem } from '@percorso/kernel';
import { Mistakes, parseDate } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../../definition/definition';
import { JourneyCheck } from '../../journey/journey-check';
import { JourneyService } from '../../journey/journey.service';
import { VersionService } from '../../journey/version.service';
import { readResponses } from '../walk/responses';
import type { SimulateJourney, SimulationView } from '../report/simulation.dto';
import { type SimulationRow, SimulationStore } from './simulation.store';
import { simulationView } from '../report/simulation.view';

const DAY_MS = 86_400_000;
const LONGEST_MS = 366 * DAY_MS;
/** That wait or run in a workspace. */
const MOST_OPEN = 20;

/** Asks for simulations of journeys, cancels and removes them. */
@Injectable()
export class SimulationService {
  constructor(
    private readonly database: Database,
    private readonly journeys: JourneyService,
    private readonly versions: VersionService,
    private readonly check: JourneyCheck,
    private readonly simulations: SimulationStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 404, 409 while too many wait, 422 */
  async ask(
    workspaceId: string,
    actor: string,
    journeyId: string,
    wanted: SimulateJourney,
  ): Promise<SimulationView> {
    const { name, version, definition } = await this.database.tx(workspaceId, async (tx) => {
      const { name, newestVersion } = await this.journeys.existing(tx, journeyId);
      const row = await this.versions.require(tx, journeyId, wanted.version ?? newestVersion);
      return { name, ...row };
    });
    const { journey } = await this.check.require(definition, '', journeyId);
    const { from, until } = this.read(wanted, journey);
    return this.database.tx(workspaceId, async (tx) => {
      await this.journeys.locked(tx, journeyId);
      await this.check.requireReferences(tx, journey, '', journeyId);
      await this.check.requireUsage(tx, journey, '', journeyId);
      if ((await this.simulations.openCount(tx)) >= MOST_OPEN) {
        throw Problem.conflict('too-many', `${MOST_OPEN} simulations wait already; cancel some, or wait.`);
      }
      const [id, at] = [newId(), this.clock.now()];
      const { eventTime = 'received', responses = {} } = wanted;
      const asked = { id, journeyId, version, name, definition, from, until, eventTime, responses };
      await this.simulations.ask(tx, { ...asked, askedBy: actor, askedAt: at });
      await audit(tx, actor, 'journey.simulated', journeyId, { simulation: id, version }, at);
      return simulationView((await this.simulations.find(tx, journeyId, id))!);
    });
  }

  list(workspaceId: string, journeyId: string, { cursor, limit }: PageQuery): Promise<Page<SimulationView>> {
    const below = cursor === undefined ? undefined : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) => {
      await this.journeys.existing(tx, journeyId);
      const rows = await this.simulations.list(tx, journeyId, below, limit + 1);
      return pageOf(rows, limit, simulationView, ({ id }) => encodeCursor({ id }));
    });
  }

  /** Stops it where it is; what it found so far stays. */
  cancel(workspaceId: string, actor: string, journeyId: string, id: string): Promise<SimulationView> {
    return this.database.tx(workspaceId, async (tx) => {
      const { state } = await this.require(tx, journeyId, id);
      const at = this.clock.now();
      if (await this.simulations.cancel(tx, id, at)) {
        await audit(tx, actor, 'journey.simulation-cancelled', journeyId, { simulation: id }, at);
      } else if (state !== 'cancelled') {
        throw Problem.conflict('state', `A simulation that is ${state} cannot be cancelled.`);
      }
      return simulationView(await this.require(tx, journeyId, id));
    });
  }

  remove(workspaceId: string, actor: string, journeyId: string, id: string): Promise<void> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.require(tx, journeyId, id);
      const at = this.clock.now();
      await this.simulations.remove(tx, id, at);
      await audit(tx, actor, 'journey.simulation-deleted', journeyId, { simulation: id }, at);
    });
  }

  /** @throws Problem 404 */
  async require(tx: Transaction, journeyId: string, id: string): Promise<SimulationRow> {
    await this.journeys.existing(tx, journeyId);
    const row = isId(id) ? await this.simulations.find(tx, journeyId, id) : undefined;
    if (!row) throw Problem.notFound('Simulation');
    return row;
  }

  find(tx: Transaction, journeyId: string, id: string): Promise<SimulationRow | undefined> {
    return this.simulations.find(tx, journeyId, id);
  }

  private read(wanted: SimulateJourney, journey: JourneyDefinition): { from: Date; until: Date } {
    const mistakes = new Mistakes();
    const [from, until] = (['from', 'until'] as const).map((name) => {
      const ms = parseDate(wanted[name]);
      const words = "must be a time such as '2026-05-01T00:00:00Z', or a day";
      return ms ?? mistakes.add(`/${name}`, 'date', words);
    });
    if (from !== undefined && until !== undefined) {
      if (until <= from) mistakes.add('/until', 'window', 'must be after from');
      else if (until - from > LONGEST_MS)
        mistakes.add('/until', 'too-long', 'must be at most 366 days after from');
      if (until > this.clock.now().getTime()) mistakes.add('/until', 'future', 'must not be in the future');
    }
    readResponses(wanted.responses, '/responses', journey, mistakes);
    if (mistakes.errors.length > 0) throw Problem.invalid(mistakes.errors);
    return { from: new Date(from!), until: new Date(until!) };
  }
}
