import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody } from '../control-server';
import { TriggerList } from '../trigger';
import { InjectedFault } from './contract';
import { Database } from './database';
import { authenticate, BearerRefused, Credentials, logon, refuseLogon } from './logon';
import { arity, runMethod } from './methods';
import { Sessions } from './sessions';
import { readCall, Result, SoapCall, writeFault, writeResponse } from './soap-envelope';
import { executionError, SoapFault } from './soap-fault';
import { issueToken, TokenClient } from './token-endpoint';

export interface SoapServerParts {
  database: Database;
  sessions: Sessions;
  faults: TriggerList<InjectedFault>;
  credentials: Credentials;
  tokenClient: TokenClient | undefined;
  faultStatus: number;
  counts: { calls: Record<string, number>; refused: number; injected: Record<string, number> };
}

const NOT_BY_DEFAULT = ['Logon', 'Logoff', 'GetEntityIfMoreRecent'];
const MAX_BODY = 64 * 1024 * 1024;

/** The HTTP server of the SOAP router. */
export function createSoapServer(parts: SoapServerParts): Server {
  return createServer((req, res) => {
    handle(parts, req, res).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      if (!res.headersSent) res.writeHead(500).end();
    });
  });
}

async function handle(parts: SoapServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://campaign');
  if (url.pathname === '/ims/token/v3' && parts.tokenClient) {
    const refused = take(parts, (fault) => fault.kind === 'refuseLogon') !== undefined;
    return issueToken(parts.tokenClient, parts.sessions, refused, req, res);
  }
  if (url.pathname !== '/nl/jsp/soaprouter.jsp') return void res.writeHead(404).end();
  if (req.method !== 'POST') return void res.writeHead(405, { allow: 'POST' }).end();
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY) return void res.writeHead(413).end();
  const body = await readBody(req);
  const soapAction = req.headers['soapaction'];
  try {
    const call = readCall(
      {
        contentType: req.headers['content-type'],
        soapAction: typeof soapAction === 'string' ? soapAction : undefined,
        queryAction: url.searchParams.get('soapAction'),
      },
      body,
    );
    parts.counts.calls[call.method] = (parts.counts.calls[call.method] ?? 0) + 1;
    await serve(parts, req, res, call);
  } catch (error) {
    if (error instanceof BearerRefused)
      return void res.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    if (!(error instanceof SoapFault)) throw error;
    parts.counts.refused += 1;
    sendXml(res, parts.faultStatus, writeFault(error));
  }
}

async function serve(
  parts: SoapServerParts,
  req: IncomingMessage,
  res: ServerResponse,
  call: SoapCall,
): Promise<void> {
  const slow = take(parts, (fault) => fault.kind === 'slow' && hits(fault, call));
  if (slow?.kind === 'slow') await sleep(slow.ms);
  const fault = take(parts, (one) => one.kind !== 'slow' && hits(one, call));
  switch (fault?.kind) {
    case 'soapFault': {
      const usual = executionError(call.action, 'The database is not available');
      const { faultcode, faultstring, detail } = { ...usual, faultstring: usual.faultstring, ...fault };
      return sendXml(res, parts.faultStatus, writeFault(new SoapFault(faultcode, faultstring, detail)));
    }
    case 'http429':
    case 'http500':
    case 'http503':
      return sendStatus(res, Number(fault.kind.slice(4)), fault.retryAfterSeconds);
    case 'dropBeforeAccept':
      return void req.socket.destroy();
    case 'refuseLogon':
      throw refuseLogon(call);
    case 'expireSessions':
      parts.sessions.expireAll();
      break;
    case 'acceptThenDrop':
      try {
        execute(parts, req, call);
      } finally {
        req.socket.destroy();
      }
      return;
    case 'slowBody':
      return sendInHalves(res, writeResponse(call, execute(parts, req, call)), fault.ms);
  }
  sendXml(res, 200, writeResponse(call, execute(parts, req, call)));
}

function execute(
  { database, sessions, credentials }: SoapServerParts,
  req: IncomingMessage,
  call: SoapCall,
): Result[] {
  const now = new Date();
  if (call.action === 'xtk:session#Logon') return logon(sessions, credentials, call, now);
  const token = authenticate(sessions, req.headers, call, now);
  if (call.action !== 'xtk:session#Logoff')
    return runMethod({ database, login: credentials.login, now }, call);
  arity(call, 0);
  sessions.close(token);
  return [];
}

function take(parts: SoapServerParts, matches: (fault: InjectedFault) => boolean): InjectedFault | undefined {
  const fault = parts.faults.take(matches);
  if (fault) parts.counts.injected[fault.kind] = (parts.counts.injected[fault.kind] ?? 0) + 1;
  return fault;
}

function hits(fault: InjectedFault, call: SoapCall): boolean {
  if (fault.kind === 'refuseLogon') return call.method === 'Logon';
  return fault.methods ? fault.methods.includes(call.method) : !NOT_BY_DEFAULT.includes(call.method);
}

function sendXml(res: ServerResponse, status: number, xml: string): void {
  res.writeHead(status, { 'content-type': 'text/xml; charset=utf-8' }).end(xml);
}

async function sendInHalves(res: ServerResponse, xml: string, ms: number): Promise<void> {
  const middle = Math.ceil(xml.length / 2);
  res.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' }).write(xml.slice(0, middle));
  await sleep(ms);
  res.end(xml.slice(middle));
}

function sendStatus(res: ServerResponse, status: number, retryAfterSeconds: number | undefined): void {
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  res.writeHead(status, headers).end();
}
