import { ManualClock } from '@percorso/kernel';
import type { Database, Leases } from '@percorso/storage';
import type { DeliveryOptions } from '../delivery-options';
import { LaneDelivery } from '../lane-delivery';
import { LanePump } from '../lane-pump';
import type { Lane } from '../provider-gateway';
import { UnknownResolver } from '../unknown-resolver';
import type { DeliveryWorld } from './delivery-world';
import { HttpGateway } from './http-gateway';
import { ProfileConsents } from './profile-consents';
import { ScriptedProvider } from './scripted-provider';

/** Connectors whose providers follow scripts, and processes that deliver to them, by a clock that stands. */
export class ScriptedLanes {
  readonly clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
  private readonly lanes = new Map<string, { url: string; lane: Lane }>();
  private readonly gateway = new HttpGateway(this.lanes);
  private readonly providers: ScriptedProvider[] = [];

  constructor(readonly options: DeliveryOptions) {}

  async provider(): Promise<{ provider: ScriptedProvider; url: string }> {
    const provider = new ScriptedProvider();
    this.providers.push(provider);
    return { provider, url: await provider.start() };
  }

  /** What is for this connector goes there from now on. */
  serve(connectorId: string, url: string, lane: Lane): void {
    this.lanes.set(connectorId, { url, lane });
  }

  /** A new connector with a provider of its own. */
  async connect(
    world: DeliveryWorld,
    lane: Lane,
  ): Promise<{ connectorId: string; provider: ScriptedProvider }> {
    const { provider, url } = await this.provider();
    const connectorId = await world.connector();
    this.serve(connectorId, url, lane);
    return { connectorId, provider };
  }

  delivery(database: Database, more: Partial<DeliveryOptions> = {}, leases?: Leases): LaneDelivery {
    const options = { ...this.options, ...more };
    return new LaneDelivery(database, this.gateway, new ProfileConsents(), this.clock, options, leases);
  }

  /** One process's worker. */
  pump(database: Database, delivery = this.delivery(database)): LanePump {
    const resolver = new UnknownResolver(database, this.gateway, this.clock, this.options);
    return new LanePump(this.gateway, delivery, resolver, this.options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.providers.map((provider) => provider.stop()));
  }
}

/** For specs: lanes whose providers stop after all tests of a `describe`. */
export function useScriptedLanes(options: DeliveryOptions): ScriptedLanes {
  const lanes = new ScriptedLanes(options);
  afterAll(() => lanes.stop());
  return lanes;
}
