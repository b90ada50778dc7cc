import { ControlClient } from '../control-client';
import { toArguments, TwinProcess } from '../twin-process';
import { Armed } from '../trigger';
import { DeliveryLogInput, InjectedFault, JournalEntry, Row, TwinCounters } from './contract';

export interface CampaignClassicTwinOptions {
  /** File of the append-only journal; the twin starts with the state it tells. */
  journal: string;
  login: string;
  password: string;
  port?: number;
  controlPort?: number;
  /** Life of a session in seconds, default one day. */
  sessionSeconds?: number;
  bearers?: string[];
  clientId?: string;
  clientSecret?: string;
  scope?: string;
  /** Further columns of nms:recipient, `{ tier: 'string:20', points: 'long' }`. */
  fields?: Record<string, string>;
  groups?: string[];
  services?: string[];
  /** HTTP status of SOAP faults, default 200. */
  faultStatus?: 200 | 500;
}

/** A running twin of Adobe Campaign Classic. */
export class CampaignClassicTwin {
  /** Base address; SOAP is at `${url}/nl/jsp/soaprouter.jsp`. */
  readonly url: string;
  readonly controlUrl: string;
  private readonly control: ControlClient;

  constructor(private readonly process: TwinProcess) {
    this.url = process.address.url;
    this.controlUrl = process.address.controlUrl;
    this.control = new ControlClient(this.controlUrl);
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  rows(schema = 'nms:recipient'): Promise<Row[]> {
    return this.control.lines(`rows?schema=${encodeURIComponent(schema)}`);
  }

  /** Recipients in the group of this internal name. */
  groupMembers(name: string): Promise<Row[]> {
    return this.control.lines(`groups/${encodeURIComponent(name)}/members`);
  }

  /** Journal lines with a greater `seq`. */
  journal(since = 0): Promise<JournalEntry[]> {
    return this.control.lines(`journal?since=${since}`);
  }

  counters(): Promise<TwinCounters> {
    return this.control.get('counters');
  }

  inject(fault: InjectedFault): Promise<{ id: string }> {
    return this.control.post('faults', fault);
  }

  faults(): Promise<Array<Armed<InjectedFault>>> {
    return this.control.get('faults');
  }

  clearFaults(id?: string): Promise<void> {
    return this.control.delete(id === undefined ? 'faults' : `faults/${id}`);
  }

  expireSessions(): Promise<void> {
    return this.control.post('sessions/expire', {});
  }

  addDeliveryLogs(logs: DeliveryLogInput[]): Promise<{ ids: number[] }> {
    return this.control.post('delivery-logs', logs);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Ends the twin as a crash would. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}

/** Starts the twin as a process of its own; it ends with this one. */
export async function startCampaignClassicTwin(
  options: CampaignClassicTwinOptions,
): Promise<CampaignClassicTwin> {
  const args = toArguments({
    journal: options.journal,
    login: options.login,
    password: options.password,
    port: options.port,
    'control-port': options.controlPort,
    'session-seconds': options.sessionSeconds,
    bearer: options.bearers,
    'client-id': options.clientId,
    'client-secret': options.clientSecret,
    scope: options.scope,
    field: Object.entries(options.fields ?? {}).map(([name, type]) => `${name}:${type}`),
    group: options.groups,
    service: options.services,
    'fault-status': options.faultStatus,
  });
  return new CampaignClassicTwin(await TwinProcess.start('campaign-classic', args));
}
