import type { JournalLine } from '../journal';
import { ControlClient } from '../control-client';
import type { Armed } from '../trigger';
import type { TwinProcess } from '../twin-process';
import type { HttpFault } from './http-fault';
import type { SeenCall } from './http-provider';

/** A vendor's HTTP API running as a process of its own. `M` is what it keeps of an accepted message. */
export class HttpTwin<M> {
  readonly url: string;
  readonly controlUrl: string;
  protected readonly control: ControlClient;

  constructor(private readonly process: TwinProcess) {
    ({ url: this.url, controlUrl: this.controlUrl } = process.address);
    this.control = new ControlClient(this.controlUrl);
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Accepted messages with a greater `seq`. */
  messages(since = 0): Promise<(M & JournalLine)[]> {
    return this.control.lines(`messages?since=${since}`);
  }

  /** Every call of this life, refused ones too. */
  calls(): Promise<SeenCall[]> {
    return this.control.lines('calls');
  }

  inject(fault: HttpFault): Promise<{ id: string }> {
    return this.control.post('faults', fault);
  }

  faults(): Promise<Armed<HttpFault>[]> {
    return this.control.get('faults');
  }

  clearFaults(id?: string): Promise<void> {
    return this.control.delete(id === undefined ? 'faults' : `faults/${id}`);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}
