import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { all, type Call, ingest, poll, send, type StoryContext } from '@percorso/demo';
import {
  type SendGridTwin,
  startSendGridTwin,
  startTwilioTwin,
  type TwilioTwin,
} from '@percorso/plugin-testkit';
import { ROOT } from '../guides/sample';
import { type Admin, admin } from '../harness';
import { packPlugin, uploadPlugin } from '../plugin-package';
import { World } from '../world';
import { Carrier, DELIVERY_DATES, EGRESS } from './carrier';

const TWILIO = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token' };

/** A journey of docs/journeys as it is imported. */
export interface Reference {
  name: string;
  definition: Record<string, unknown> & { entries: object[] };
  references: { audiences: { name: string; definition: object }[] };
}

/** One profile on a journey, as the API shows it. */
export interface OnJourney {
  id: string;
  profileId: string;
  key: string | null;
  state: string;
  endReason: string | null;
  enteredAt: string;
  holdout: boolean;
}

export interface Whole extends OnJourney {
  context: Record<string, unknown>;
  trace: { at: string; step: string; what: string; detail: Record<string, unknown> | null }[];
  messages: {
    visit: number;
    operation: string;
    state: string;
    reasonCode: string | null;
    createdAt: string;
  }[];
}

export interface Conversion {
  entered: number;
  reached: number;
  pending: { entered: number; reached: number };
  rate: number | null;
}

export interface Report {
  entered: number;
  inside: number;
  ended: Record<string, number>;
  refused: Record<string, number>;
  walked: Conversion;
  heldOut: Conversion;
  lift: { difference: number; from: number; to: number } | null;
  steps: { id: string; entered: number; left: number; waiting: number }[];
}

/** Where the reference journeys play: a hub on a clock of its own, and everybody it writes to or asks. */
export class Stage {
  context!: StoryContext;
  api!: Admin;
  private readonly connectors = new Map<string, string>();
  private serial = 0;

  private constructor(
    readonly world: World,
    readonly sendgrid: SendGridTwin,
    readonly twilio: TwilioTwin,
    readonly carrier: Carrier,
    private readonly plugin: Buffer,
  ) {}

  static async start(): Promise<Stage> {
    const world = await World.start({ PERCORSO_ADVISORY_PLUGINS: 'allowed' }, { ownTime: true });
    const journal = (of: string): string => join(world.folder, `${of}.ndjson`);
    const [sendgrid, twilio, carrier, plugin] = await Promise.all([
      startSendGridTwin({ journal: journal('sendgrid'), apiKey: 'SG.key' }),
      startTwilioTwin({ journal: journal('twilio'), ...TWILIO }),
      new Carrier().start(),
      packPlugin(world.folder, DELIVERY_DATES),
    ]);
    return new Stage(world, sendgrid, twilio, carrier, plugin);
  }

  async stop(): Promise<void> {
    this.carrier.stop();
    await Promise.all([this.sendgrid.stop(), this.twilio.stop()]);
    await this.world.stop();
  }

  /** A workspace of its own, with the connectors that the reference journeys name. */
  async open(): Promise<void> {
    const { world } = this;
    this.context = await world.workspace(0);
    this.api = admin(world.hub.url, this.context.admin.key);
    const { host, port } = world.sink;
    await uploadPlugin(this.api.http, this.plugin);
    await this.api.post('/v1/plugins/delivery-dates/versions/1.0.0/approve', { egress: EGRESS });
    await this.connect('sendgrid', 'Email', {
      url: this.sendgrid.url,
      apiKey: 'SG.key',
      from: 'news@shop.example',
      webhookKey: await this.sendgrid.verificationKey(),
    });
    await this.connect('smtp', 'Mail server', { host, port, security: 'none', from: 'hi@shop.example' });
    await this.connect('twilio', 'Texts', { ...TWILIO, url: this.twilio.url, from: 'Shop' });
    await this.connect('delivery-dates', 'Delivery dates', { url: this.carrier.url });
  }

  async setZone(timezone: string): Promise<void> {
    const path = `/v1/workspaces/${this.context.workspaceId}`;
    const { version } = await this.api.get<{ version: number }>(path);
    await this.api.patch(path, version, { settings: { timezone } });
  }

  private async connect(plugin: string, name: string, settings: object): Promise<void> {
    const { id } = await this.api.post<{ id: string }>('/v1/connectors', { plugin, name, settings });
    this.connectors.set(name, id);
  }

  connector(name: string): string {
    return this.connectors.get(name)!;
  }

  /** As a marketer takes it over, by what it names. */
  async import(journey: Reference): Promise<string> {
    const made = await this.api.post<{ journey: { id: string } }>('/v1/journeys/import', journey);
    return made.journey.id;
  }

  async publish(id: string): Promise<string> {
    await this.api.post(`/v1/journeys/${id}/publish`, {}, { headers: { 'if-match': '*' } });
    return id;
  }

  /** What persons do now. */
  did(userId: string, event: string, properties: Record<string, unknown> = {}, ago = 0): Call {
    const messageId = `did-${++this.serial}`;
    return { type: 'track', messageId, timestamp: new Date(Date.now() - ago), userId, event, properties };
  }

  /** Who they are, with what they have agreed to. */
  person(userId: string, traits: Record<string, unknown>, consent: Record<string, boolean>): Call {
    const messageId = `person-${++this.serial}`;
    const context = { consent: { categoryPreferences: consent } };
    return { type: 'identify', messageId, timestamp: new Date(), userId, traits, context };
  }

  async send(calls: readonly Call[]): Promise<void> {
    expect(await send(this.context.hubUrl, this.context.writeKey, calls)).toMatchObject({ failed: 0 });
  }

  /** And wait until profiles and audiences know it. */
  async settle(calls: readonly Call[]): Promise<void> {
    await ingest(this.context, calls);
  }

  async profileOf(userId: string): Promise<{ id: string; traits: Record<string, { value: unknown }> }> {
    const { data } = await this.api.get<{
      data: { id: string; traits: Record<string, { value: unknown }> }[];
    }>('/v1/profiles', { params: { namespace: 'user_id', value: userId } });
    return data[0]!;
  }

  /** Everybody who is or was on it. */
  on(journey: string, more = ''): Promise<OnJourney[]> {
    return all<OnJourney>(this.context.admin, `/v1/journeys/${journey}/instances?limit=1000${more}`);
  }

  /** All that is told of one person on it, who entered first first. */
  async told(journey: string, userId: string): Promise<Whole[]> {
    const some = await this.on(journey, `&profile=${(await this.profileOf(userId)).id}`);
    const whole = some.map(({ id }) => this.api.get<Whole>(`/v1/journeys/${journey}/instances/${id}`));
    return (await Promise.all(whole)).reverse();
  }

  report(journey: string): Promise<Report> {
    return this.api.get(`/v1/journeys/${journey}/report`);
  }
}

/** @param name of a file in docs/journeys */
export const reference = (name: string): Reference =>
  JSON.parse(readFileSync(join(ROOT, 'docs', 'journeys', `${name}.json`), 'utf8')) as Reference;

/** Asks until the answer is this, and then expects it. */
export async function eventually<T>(what: string, ask: () => Promise<T>, wanted: T): Promise<void> {
  let answer: T | undefined;
  const asked = async (): Promise<T> => (answer = await ask());
  await poll(asked, (now) => isDeepStrictEqual(now, wanted), {
    what,
    timeoutMs: 120_000,
    everyMs: 50,
  }).catch(() => undefined);
  expect(answer).toEqual(wanted);
}
