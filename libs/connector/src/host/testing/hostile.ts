import { join } from 'node:path';
import type { Verdict } from '@percorso/plugin-kit';
import { readPlugin, type InstalledPlugin } from '../../plugin/installed-plugin';
import { checkedVerdicts } from '../../runtime/checked-answers';
import { egressRules } from '../egress';
import { HostFailure } from '../host-failure';
import { PluginHost, type PluginHostOptions } from '../plugin-host';
import { advisorySandbox, bestSandbox, type Sandbox } from '../sandbox';

/** Every way this machine can run plugins. */
export const SANDBOXES: Sandbox[] = [
  ...(bestSandbox().isolation === 'enforced' ? [bestSandbox()] : []),
  advisorySandbox('for the test'),
];

const plugin = readPlugin(join(__dirname, '..', '..', '..', 'fixtures', 'hostile')) as InstalledPlugin;

/** The plugin that tries everything, in its process. */
export class Hostile {
  readonly host: PluginHost;
  private connectors = 0;

  constructor(options: PluginHostOptions) {
    this.host = new PluginHost(plugin, options);
  }

  /** The verdicts of one call, or how it failed. */
  async call(
    payloads: object[],
    { deadlineMs = 30_000, settings = {}, allowPrivateNetwork = false } = {},
  ): Promise<Verdict[] | string> {
    const policy = { rules: egressRules(plugin.manifest.egress, settings), allowPrivateNetwork };
    const handle = { id: `c${(this.connectors += 1)}`, version: 1, policy, settings: () => settings };
    const items = payloads.map((payload, n) => ({
      key: String(n),
      payload: payload as Record<string, unknown>,
    }));
    try {
      const answer = await this.host.call(
        handle,
        { method: 'deliver', operation: 'upsert', items },
        deadlineMs,
      );
      return 'fault' in answer ? answer.fault.code : checkedVerdicts(answer.value, items.length, 'upsert');
    } catch (error) {
      if (error instanceof HostFailure) return error.code;
      throw error;
    }
  }

  async deed(deed: string, rest: object = {}, options: Parameters<Hostile['call']>[1] = {}): Promise<string> {
    const answer = await this.call([{ deed, ...rest }], options);
    if (typeof answer === 'string') return answer;
    const [verdict] = answer;
    if (verdict?.status === 'accepted') return verdict.providerId ?? 'accepted';
    return verdict?.status === 'rejected' ? `DONE ${verdict.reason}` : `${verdict?.status} ${verdict?.code}`;
  }
}
