import axios, { isAxiosError } from 'axios';
import type { LookupResult, Operation, Verdict } from '@percorso/plugin-kit';
import { type Lane, type OutgoingItem, ProviderGateway } from '../provider-gateway';

type Answer = { id: string } | { refused: { code: string; bounce?: 'hard' } };

/** Speaks to scripted providers over HTTP, one per connector, as an honest plugin would. */
export class HttpGateway extends ProviderGateway {
  constructor(
    private readonly lanes: Map<string, { url: string; lane: Lane }>,
    private readonly fallback?: { url: string; lane: Lane },
  ) {
    super();
  }

  async describe(_workspaceId: string, connectorId: string): Promise<Lane> {
    return this.find(connectorId).lane;
  }

  async deliver(
    _workspaceId: string,
    connectorId: string,
    operation: Operation,
    items: OutgoingItem[],
    options: { deadlineMs: number },
  ): Promise<Verdict[]> {
    const all = (verdict: Verdict): Verdict[] => items.map(() => verdict);
    try {
      const { data } = await axios.post<Answer[]>(
        this.find(connectorId).url,
        { operation, items },
        { timeout: options.deadlineMs, proxy: false },
      );
      return data.map((answer): Verdict => {
        if ('id' in answer) return { status: 'accepted', providerId: answer.id };
        return { status: 'rejected', reason: 'refused by the provider', ...answer.refused };
      });
    } catch (error) {
      if (!isAxiosError(error)) throw error;
      const after = Number(error.response?.headers['retry-after']);
      if (error.response?.status === 429)
        return all({ status: 'retry', code: 'throttled', afterSeconds: after });
      if (error.response?.status === 503) return all({ status: 'retry', code: 'unavailable' });
      if (error.code === 'ECONNREFUSED') return all({ status: 'retry', code: 'refused' });
      return all({ status: 'unknown', code: 'no-answer' });
    }
  }

  async lookup(_workspaceId: string, connectorId: string, items: OutgoingItem[]): Promise<LookupResult[]> {
    const { data } = await axios.post<LookupResult[]>(
      this.find(connectorId).url,
      { operation: 'lookup', items },
      { proxy: false },
    );
    return data;
  }

  private find(connectorId: string): { url: string; lane: Lane } {
    const found = this.lanes.get(connectorId) ?? this.fallback;
    if (!found) throw new RangeError(`no provider for connector ${connectorId}`);
    return found;
  }
}
