import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import { DeliveryWaker } from './delivery-waker';
import { type Flow, learnedRate } from './flow';
import type { BreakerView, DeliveryView, HostView, SetDelivery, SetLimits } from './flow.dto';
import {
  connectorPlace,
  type FlowRow,
  hostPlace,
  lockFlow,
  probeNow,
  readFlow,
  saveLimits,
} from './flow.store';
import { countLanes, type LaneCounts } from './lane-counts';
import { type Lane, ProviderGateway } from './provider-gateway';

/** What admins see and set of the pace of deliveries. */
@Injectable()
export class FlowService {
  constructor(
    private readonly database: Database,
    private readonly gateway: ProviderGateway,
    private readonly waker: DeliveryWaker,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
  ) {}

  async get(workspaceId: string, id: string): Promise<DeliveryView> {
    const now = this.clock.now();
    const read = await this.database.tx(workspaceId, async (tx) => {
      await assertConnector(tx, id);
      const flow = await readFlow(tx, connectorPlace(id));
      const host = flow.host === null ? null : hostView(flow.host, await readFlow(tx, hostPlace(flow.host)));
      return { flow, host, counts: await countLanes(tx, id) };
    });
    // A plugin that does not start must not hide what is known.
    const lane = await this.gateway.describe(workspaceId, id).catch(() => undefined);
    return this.view(id, read.flow, read.host, read.counts, lane, now);
  }

  async limit(
    workspaceId: string,
    actor: string,
    id: string,
    version: number,
    { perSecond = null, concurrency = null, whenUnknown = 'keep' }: SetDelivery,
  ): Promise<DeliveryView> {
    const limits = { perSecond, concurrency, whenUnknown };
    await this.database.tx(workspaceId, async (tx) => {
      await assertConnector(tx, id);
      assertVersion(version, (await lockFlow(tx, connectorPlace(id))).version);
      await saveLimits(tx, connectorPlace(id), limits);
      await audit(tx, actor, 'connector.limited', id, limits, this.clock.now());
    });
    await this.waker.wake(workspaceId, id);
    return this.get(workspaceId, id);
  }

  async probe(workspaceId: string, actor: string, id: string): Promise<DeliveryView> {
    await this.database.tx(workspaceId, async (tx) => {
      await assertConnector(tx, id);
      const { host } = await lockFlow(tx, connectorPlace(id));
      const now = this.clock.now();
      await probeNow(tx, [connectorPlace(id), ...(host === null ? [] : [hostPlace(host)])], now);
      await audit(tx, actor, 'connector.probed', id, {}, now);
    });
    await this.waker.wake(workspaceId, id);
    return this.get(workspaceId, id);
  }

  host(workspaceId: string, host: string): Promise<HostView> {
    return this.database.tx(workspaceId, async (tx) => {
      await assertHost(tx, host);
      return hostView(host, await readFlow(tx, hostPlace(host)));
    });
  }

  limitHost(
    workspaceId: string,
    actor: string,
    host: string,
    version: number,
    { perSecond = null, concurrency = null }: SetLimits,
  ): Promise<HostView> {
    return this.database.tx(workspaceId, async (tx) => {
      await assertHost(tx, host);
      const flow = await lockFlow(tx, hostPlace(host));
      assertVersion(version, flow.version);
      await saveLimits(tx, hostPlace(host), { perSecond, concurrency });
      await audit(tx, actor, 'host.limited', host, { perSecond, concurrency }, this.clock.now());
      return hostView(host, await readFlow(tx, hostPlace(host)));
    });
  }

  private view(
    connectorId: string,
    flow: FlowRow,
    host: HostView | null,
    { waiting, inFlight, unknown, oldestWaiting }: LaneCounts,
    lane: Lane | undefined,
    now: Date,
  ): DeliveryView {
    const rates = Object.values(lane?.capabilities ?? {}).map(({ perSecond }) => perSecond);
    const plugin = rates.length > 0 ? Math.max(...rates) : null;
    const learned = learnedRate(flow, now) ?? null;
    const known = [plugin, flow.perSecond, learned].filter((rate) => rate !== null);
    const seconds = (from: Date): number => Math.max(0, (now.getTime() - from.getTime()) / 1000);
    return {
      connectorId,
      version: Number(flow.version),
      waiting,
      inFlight,
      unknown,
      whenUnknown: flow.whenUnknown,
      concurrency: flow.concurrency ?? this.options.callsPerLane,
      rate: {
        perSecond: plugin === null ? null : Math.min(...known),
        plugin,
        limit: flow.perSecond,
        learned: learned !== null && plugin !== null && learned >= plugin ? null : learned,
        restUntil: flow.restUntil && flow.restUntil > now ? flow.restUntil : null,
      },
      breaker: breakerView(flow),
      lag: {
        lastToldAt: flow.toldAt,
        lastSeconds: flow.lagMs === null ? null : flow.lagMs / 1000,
        oldestWaitingSeconds: oldestWaiting && seconds(oldestWaiting),
      },
      host,
    };
  }
}

const breakerView = ({ breaker, reason, failures, probeAt }: Flow): BreakerView => ({
  state: breaker,
  reason,
  failures,
  nextProbeAt: breaker === 'closed' ? null : probeAt,
});

const hostView = (host: string, flow: FlowRow): HostView => ({
  host,
  version: Number(flow.version),
  perSecond: flow.perSecond,
  concurrency: flow.concurrency,
  breaker: breakerView(flow),
});

async function assertConnector(tx: Transaction, id: string): Promise<void> {
  const { rowCount } = isId(id)
    ? await tx.query('SELECT FROM connector WHERE workspace_id = $1 AND id = $2', [tx.workspaceId, id])
    : { rowCount: 0 };
  if (!rowCount) throw Problem.notFound('Connector');
}

/** A host is known once a connector called it. */
async function assertHost(tx: Transaction, host: string): Promise<void> {
  const { rowCount } = await tx.query(
    'SELECT FROM delivery_flow WHERE workspace_id = $1 AND host = $2 LIMIT 1',
    [tx.workspaceId, host],
  );
  if (!rowCount) throw Problem.notFound('Host');
}
