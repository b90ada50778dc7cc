import { ControlClient } from '../control-client';
import { toArguments, TwinProcess } from '../twin-process';
import { Armed } from '../trigger';
import { Bounce, BounceRequest, SinkCounters, SinkJournalEntry, SinkRule } from './contract';

export interface SmtpSinkOptions {
  /** File of the append-only journal. */
  journal: string;
  /** With `pass`: AUTH is required. */
  user?: string;
  pass?: string;
  /** Offers STARTTLS, with a self-signed certificate unless one is given. */
  starttls?: boolean;
  /** Speaks TLS from the first byte. */
  tls?: boolean;
  /** Its files. */
  certificate?: { certFile: string; keyFile: string };
  /** Bytes, default 25 MiB. */
  maxSize?: number;
  port?: number;
  controlPort?: number;
}

/** A running SMTP sink. */
export class SmtpSink {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly controlUrl: string;
  private readonly control: ControlClient;

  constructor(private readonly process: TwinProcess) {
    this.url = process.address.url;
    const { hostname, port } = new URL(this.url);
    this.host = hostname;
    this.port = Number(port);
    this.controlUrl = process.address.controlUrl;
    this.control = new ControlClient(this.controlUrl);
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Recorded messages with a greater `seq`. */
  messages(since = 0): Promise<SinkJournalEntry[]> {
    return this.control.lines(`messages?since=${since}`);
  }

  journal(since = 0): Promise<SinkJournalEntry[]> {
    return this.messages(since);
  }

  inject(rule: SinkRule): Promise<{ id: string }> {
    return this.control.post('rules', rule);
  }

  rules(): Promise<Array<Armed<SinkRule>>> {
    return this.control.get('rules');
  }

  clearRules(id?: string): Promise<void> {
    return this.control.delete(id === undefined ? 'rules' : `rules/${id}`);
  }

  /** Makes the report that an MTA would mail back for a recorded message. */
  bounce(request: BounceRequest): Promise<Bounce> {
    return this.control.post('bounces', request);
  }

  bounces(): Promise<Bounce[]> {
    return this.control.lines('bounces');
  }

  counters(): Promise<SinkCounters> {
    return this.control.get('counters');
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Ends the sink as a crash would. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}

/** Starts the sink as a process of its own; it ends with this one. */
export async function startSmtpSink(options: SmtpSinkOptions): Promise<SmtpSink> {
  const { journal, user, pass, starttls, tls, certificate, maxSize, port, controlPort } = options;
  const args = toArguments({
    journal,
    user,
    pass,
    starttls,
    tls,
    cert: certificate?.certFile,
    key: certificate?.keyFile,
    'max-size': maxSize,
    port,
    'control-port': controlPort,
  });
  return new SmtpSink(await TwinProcess.start('smtp-sink', args));
}
