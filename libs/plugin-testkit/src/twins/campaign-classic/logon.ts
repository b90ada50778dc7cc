import { timingSafeEqual } from 'node:crypto';
import { IncomingHttpHeaders } from 'node:http';
import { arity, userInfo } from './methods';
import { Result, SoapCall } from './soap-envelope';
import { invalidParameters, sessionExpired } from './soap-fault';
import { Sessions } from './sessions';
import { element } from './xml';

export interface Credentials {
  login: string;
  password: string;
}

/** The access token is not accepted: HTTP 401. */
export class BearerRefused extends Error {
  override readonly name = 'BearerRefused';
}

/** xtk:session#Logon(login, password, parameters). */
export function logon(sessions: Sessions, wanted: Credentials, call: SoapCall, now: Date): Result[] {
  const [login, password] = arity(call, 3);
  if (!same(login?.text ?? '', wanted.login) || !same(password?.text ?? '', wanted.password))
    throw refuseLogon(call);
  const { sessionToken, securityToken } = sessions.open(now);
  const server = element('serverInfo', {
    buildNumber: '9356',
    instanceName: 'twin',
    majNumber: '7',
    serverDate: now.toISOString(),
  });
  return [
    { name: 'pstrSessionToken', type: 'xsd:string', text: sessionToken },
    { name: 'pSessionInfo', xml: element('sessionInfo', {}, server + userInfo(wanted.login)) },
    { name: 'pstrSecurityToken', type: 'xsd:string', text: securityToken },
  ];
}

export function refuseLogon(call: SoapCall): Error {
  return invalidParameters(call.action, 'Invalid login or password. Connection denied.');
}

/** Lets the call pass with a bearer token, or with session cookie and security token of one open session. */
export function authenticate(
  sessions: Sessions,
  headers: IncomingHttpHeaders,
  call: SoapCall,
  now: Date,
): string {
  const [, bearer] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) {
    if (!sessions.acceptsBearer(bearer, now)) throw new BearerRefused('The access token is not valid');
    if (call.sessionToken !== '')
      throw invalidParameters(call.action, 'A session token comes with a bearer token');
    return '';
  }
  const token = cookie(headers.cookie ?? '', '__sessiontoken');
  const security = headers['x-security-token'];
  if (token === undefined || typeof security !== 'string' || !sessions.isOpen(token, security, now))
    throw sessionExpired(call.action);
  if (call.sessionToken !== '' && call.sessionToken !== token) throw sessionExpired(call.action);
  return token;
}

function cookie(header: string, name: string): string | undefined {
  const pair = header.split(';').find((one) => one.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
