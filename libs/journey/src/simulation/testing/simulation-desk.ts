import { CLOCK } from '@percorso/kernel';
import { AdminWorld, type AdminWorkspace } from '../../journey/testing/admin-world';
import { SimulatedStore } from '../report/simulated.store';
import { SimulationJobs } from '../job/simulation-jobs';
import { SimulationStore } from '../job/simulation.store';
import { type ScriptedPerson, ScriptedSimulator } from './scripted-simulator';

export const DAY = 86_400_000;
export const FROM = Date.parse('2026-05-01T00:00:00Z');
export const WINDOW = { from: '2026-05-01T00:00:00Z', until: '2026-06-01T00:00:00Z' };

/** For specs: a desk for each test of a `describe`, in one world that all of them share. */
export function useSimulationDesk(take: (desk: SimulationDesk) => void): void {
  let world: AdminWorld | undefined;

  beforeAll(async () => {
    world = await AdminWorld.start();
  });
  beforeEach(async () => take(await SimulationDesk.open(world!)));
  afterAll(() => world?.stop());
}

/** For specs: a workspace with a journey of two messages and four profiles, whose simulations are scripted. */
export class SimulationDesk {
  readonly simulator = new ScriptedSimulator();
  url = '';
  mail = '';
  profiles: string[] = [];
  private jobs: SimulationJobs;

  private constructor(
    readonly world: AdminWorld,
    readonly shop: AdminWorkspace,
  ) {
    this.jobs = this.newJobs();
  }

  static async open(world: AdminWorld): Promise<SimulationDesk> {
    const desk = new SimulationDesk(world, await world.workspace());
    desk.mail = await desk.shop.connector('Mail');
    await desk.journey();
    desk.profiles = await desk.shop.profiles(4);
    return desk;
  }

  /** Simulations are of this one from now on. */
  async journey(more: object = {}): Promise<void> {
    const send = { connector: this.mail, content: { jsonata: '{"to": "x"}' } };
    const journey = await this.shop.journey({
      version: 1,
      entries: [{ event: { name: 'Cart Updated' } }],
      goal: { event: { name: 'Order Completed' } },
      start: 'wait',
      steps: {
        wait: { wait: { for: '1h' }, next: 'remind' },
        remind: { send, next: 'again' },
        again: { send },
      },
      ...more,
    });
    this.url = `/v1/journeys/${journey}/simulations`;
  }

  /** Who is reminded once, on the day of the number. */
  walker(n: number, more: Partial<ScriptedPerson> = {}): ScriptedPerson {
    const enteredAt = FROM + n * DAY;
    return {
      ...{ person: n, profileId: this.profiles[n - 1]!, enteredAt },
      messages: [{ step: 'remind', at: enteredAt + 1000, connectorId: this.mail, outcome: 'accepted' }],
      ...more,
    };
  }

  /** As another process would have them. */
  newJobs(): SimulationJobs {
    const { app } = this.world;
    return new SimulationJobs(
      this.shop.database,
      this.simulator as never,
      app.get(SimulationStore),
      app.get(SimulatedStore),
      app.get(CLOCK),
    );
  }

  async ask(more: object = {}): Promise<string> {
    const made = await this.shop.call('POST', this.url, { ...WINDOW, ...more });
    if (made.status !== 202) throw new RangeError(JSON.stringify(made));
    return made.body.id;
  }

  page(): Promise<number> {
    return this.jobs.look(this.shop.id);
  }

  async finish(jobs = this.jobs): Promise<void> {
    while ((await jobs.look(this.shop.id)) > 0);
  }

  async simulate(persons: ScriptedPerson[], more: object = {}): Promise<string> {
    this.simulator.persons = persons;
    const id = await this.ask(more);
    await this.finish();
    return id;
  }

  async read(path: string): Promise<Record<string, unknown>> {
    const { status, body } = await this.shop.call('GET', `${this.url}/${path}`);
    if (status !== 200) throw new RangeError(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async data(path: string): Promise<Record<string, unknown>[]> {
    return (await this.read(path)).data as Record<string, unknown>[];
  }
}
