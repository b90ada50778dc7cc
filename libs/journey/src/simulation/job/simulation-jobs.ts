import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, describeError, Problem } from '@percorso/kernel';
import { Database, isUnavailable } from '@percorso/storage';
import { parseJourney } from '../../definition/parse-journey';
import { Mistakes } from '@percorso/segmentation';
import { readResponses } from '../walk/responses';
import { SimulatedStore } from '../report/simulated.store';
import type { Simulation } from '../simulation';
import { type SimulationRow, SimulationStore } from './simulation.store';
import { Simulator } from '../walk/simulator';

/** Persons of a page: so many that it takes about as long as this, for others wait meanwhile. */
const PAGE_MS = 150;
const [FIRST_PAGE, LARGEST_PAGE] = [25, 400];
/** Of the time a page took, how much is left to others after it. */
const REST = 0.5;
const LONGEST_REST_MS = 250;
/** Times that a page may fail before the simulation does. */
const MOST_FAILURES = 3;
/** The same of a page that needs what is away: for a minute, as a restart takes less. */
const MOST_WAITS = 12;

interface Walked {
  id: string;
  simulation: Simulation;
  /** Persons of the next page. */
  limit: number;
}

/** Carries simulations out, page by page; a crash costs the page in hand, which is walked again to the same end. */
@Injectable()
export class SimulationJobs {
  private readonly logger = new Logger(SimulationJobs.name);
  /** By workspace, the one that is being walked: what it has found out before its first page serves the others. */
  private readonly walked = new Map<string, Walked>();
  /** By workspace, until when (`performance.now()`) what a page needs is given time to come back. */
  private readonly waiting = new Map<string, number>();
  /** How long that is. */
  waitMs = 5000;

  constructor(
    private readonly database: Database,
    private readonly simulator: Simulator,
    private readonly simulations: SimulationStore,
    private readonly simulated: SimulatedStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The next page of a workspace's simulation. @returns 0: there is none, or it waits; else 1 */
  async look(workspaceId: string): Promise<number> {
    if ((this.waiting.get(workspaceId) ?? 0) > performance.now()) return 0;
    this.waiting.delete(workspaceId);
    const row = await this.database.tx(workspaceId, (tx) => this.simulations.next(tx, this.clock.now()));
    if (!row) {
      this.walked.delete(workspaceId);
      return 0;
    }
    const begun = performance.now();
    try {
      await this.page(workspaceId, row, begun);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      await this.fail(workspaceId, row, error);
    }
    await sleep(Math.min(LONGEST_REST_MS, REST * (performance.now() - begun)));
    return 1;
  }

  private async page(workspaceId: string, row: SimulationRow, begun: number): Promise<void> {
    const walked = this.walkedOf(workspaceId, row);
    const page = await this.simulator.page(workspaceId, walked.simulation, row.afterPerson, walked.limit);
    await this.database.tx(workspaceId, async (tx) => {
      // Cancelled, removed, or taken on by another process meanwhile.
      if (!(await this.simulations.lock(tx, row))) return;
      const messages = await this.simulated.keep(tx, row, page);
      const tookMs = performance.now() - begun;
      const { after, persons, of, done } = page;
      const kept = { after, persons, of, messages, tookMs, done };
      await this.simulations.took(tx, row.id, kept, this.clock.now());
    });
    walked.limit = sizeAfter(walked.limit, performance.now() - begun);
    if (page.done) this.walked.delete(workspaceId);
  }

  private walkedOf(workspaceId: string, row: SimulationRow): Walked {
    const known = this.walked.get(workspaceId);
    if (known?.id === row.id) return known;
    const walked = { id: row.id, simulation: simulationOf(row), limit: FIRST_PAGE };
    this.walked.set(workspaceId, walked);
    return walked;
  }

  /** What cannot be walked at all is not tried again; what may have been an accident is, and what is away comes back. */
  private async fail(workspaceId: string, row: SimulationRow, error: unknown): Promise<void> {
    this.logger.error(`A page of the simulation ${row.id} could not be walked: ${describeError(error)}`);
    const known =
      error instanceof Problem && (error.status < 500 || error.status === 503) ? error : undefined;
    const most = !known ? MOST_FAILURES : known.status === 503 ? MOST_WAITS : 1;
    const gaveUp = row.failures + 1 >= most;
    const problem = known ? problemOf(known) : FAILED;
    this.walked.delete(workspaceId);
    if (known && !gaveUp) this.waiting.set(workspaceId, performance.now() + this.waitMs);
    await this.database.tx(workspaceId, (tx) =>
      this.simulations.failed(tx, row.id, gaveUp ? problem : undefined, this.clock.now()),
    );
  }
}

const FAILED = {
  code: 'page-failed',
  message: 'Some persons could not be walked; the log of the hub tells why.',
};

const problemOf = ({ code, title, detail, errors }: Problem): { code: string; message: string } =>
  errors?.[0] ? { code: errors[0].code, message: errors[0].message } : { code, message: detail ?? title };

/** @throws Problem where this release cannot read what was asked for */
export function simulationOf(row: SimulationRow): Simulation {
  const parsed = parseJourney(row.definition);
  const mistakes = new Mistakes();
  const responses = parsed.ok && readResponses(row.responses, '/responses', parsed.journey, mistakes);
  if (!parsed.ok || !responses) {
    throw Problem.conflict(
      'unreadable',
      'This release cannot read the version or the rules that were asked for.',
    );
  }
  return {
    journeyId: row.journeyId,
    name: row.name,
    version: row.version,
    definition: parsed.journey,
    from: row.from.getTime(),
    until: row.until.getTime(),
    eventTime: row.eventTime,
    recorded: responses.recorded,
    responses: responses.rules,
  };
}

const sizeAfter = (size: number, tookMs: number): number =>
  tookMs > 2 * PAGE_MS
    ? Math.max(1, Math.floor(size / 2))
    : tookMs < PAGE_MS
      ? Math.min(LARGEST_PAGE, size * 2)
      : size;
