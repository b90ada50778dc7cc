import axios, { type AxiosAdapter, type AxiosInstance } from 'axios';
import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as startTls, type TLSSocket } from 'node:tls';
import { NotConnected } from '../errors';
import type { CallExchanges } from './exchanges';

export type Connect = (host: string, port: number) => Promise<Socket>;

const MAX_BYTES = 16 * 1024 * 1024;
const KEEP_ALIVE = { keepAlive: true, maxSockets: 16, maxFreeSockets: 16, timeout: 60_000 };

type Created = (error: Error | null, socket: Duplex) => void;

/** Node's callback takes an error alone; its type says otherwise. */
function fail(created: Created | undefined, error: Error): void {
  (created as ((error: Error) => void) | undefined)?.(error);
}

class BrokeredHttpAgent extends HttpAgent {
  constructor(private readonly connect: Connect) {
    super(KEEP_ALIVE);
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    this.connect(String(options.host), Number(options.port ?? 80)).then(
      (socket) => created?.(null, socket.setNoDelay(true)),
      (error: Error) => fail(created, error),
    );
  }
}

class BrokeredHttpsAgent extends HttpsAgent {
  constructor(private readonly connect: Connect) {
    super(KEEP_ALIVE);
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    const host = String(options.host);
    this.connect(host, Number(options.port ?? 443)).then(
      (socket) => {
        const secure = startTls({
          socket: socket.setNoDelay(true),
          // What the certificate must be for; without it an address would be held against "localhost".
          host,
          servername: isIP(host) ? undefined : host,
          ALPNProtocols: ['http/1.1'],
        });
        const failed = (error: Error): void => fail(created, noHandshake(error, secure, host));
        secure.once('error', failed);
        secure.once('secureConnect', () => {
          secure.off('error', failed);
          created?.(null, secure);
        });
      },
      (error: Error) => fail(created, error),
    );
  }
}

/** Until the handshake is done nothing of a request has left, so a failed one is a connection never made. */
function noHandshake(error: Error & { code?: unknown }, secure: TLSSocket, host: string): NotConnected {
  if (secure.authorizationError)
    return new NotConnected(
      'certificate-refused',
      `The certificate of ${host} is refused: ${error.message}.`,
    );
  const code = typeof error.code === 'string' ? error.code.toLowerCase().replaceAll('_', '-') : 'tls';
  return new NotConnected(code, `No TLS connection to ${host} could be made.`);
}

const viaHttp = axios.getAdapter('http');

function toldTo(exchanges: CallExchanges): AxiosAdapter {
  return (config) => {
    const ended = exchanges.began(config);
    const answer = viaHttp(config);
    answer.then(ended, (error: unknown) => ended(undefined, error));
    return answer;
  };
}

export interface Http {
  /** axios whose requests end with `signal`, and are told to `exchanges`. */
  client(signal: AbortSignal, exchanges?: CallExchanges): AxiosInstance;
  close(): void;
}

/** axios over connections made by `connect`; kept alive, so that a connection costs once and not per request. */
export function createHttp(connect: Connect): Http {
  const httpAgent = new BrokeredHttpAgent(connect);
  const httpsAgent = new BrokeredHttpsAgent(connect);
  return {
    client: (signal, exchanges) =>
      axios.create({
        adapter: exchanges ? toldTo(exchanges) : 'http',
        httpAgent,
        httpsAgent,
        signal,
        proxy: false,
        maxRedirects: 0,
        timeout: 30_000,
        maxContentLength: MAX_BYTES,
        maxBodyLength: MAX_BYTES,
      }),
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}
