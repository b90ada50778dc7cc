import { isAxiosError } from 'axios';
import { BadCredentials, type Context } from '@percorso/plugin-kit';
import type { CampaignClassicSettings } from './settings';
import { callSoap, connectorFault, SessionExpired, SoapFault, type SoapCall } from './soap';
import { escapeXml, findElement, isXmlText, type XmlElement } from './xml';

type Ctx = Pick<Context<CampaignClassicSettings>, 'http' | 'settings' | 'now'>;

interface Session {
  headers: Record<string, string>;
  /** Milliseconds since 1970 from which it is not to be used. */
  until: number;
}

/** Used well before Campaign's default life of a day is over. */
const LOGON_LIFE_MS = 12 * 3600 * 1000;

/** Calls Campaign as one operator; signs in once for many calls, and once more when the session ends early. */
export class CampaignClient {
  private session?: Promise<Session>;

  async call(ctx: Ctx, call: Omit<SoapCall, 'headers'>): Promise<XmlElement> {
    const session = this.current(ctx);
    try {
      return await callSoap(ctx.http, routerOf(ctx.settings.url), {
        ...call,
        headers: (await session).headers,
      });
    } catch (error) {
      if (!(error instanceof SessionExpired)) throw error;
    }
    if (this.session === session) this.session = undefined;
    try {
      const { headers } = await this.current(ctx);
      return await callSoap(ctx.http, routerOf(ctx.settings.url), { ...call, headers });
    } catch (error) {
      if (!(error instanceof SessionExpired)) throw error;
      throw new BadCredentials('Campaign ends every session at once.', { cause: error });
    }
  }

  private current(ctx: Ctx): Promise<Session> {
    this.session ??= this.begin(ctx).catch((error: unknown) => {
      this.session = undefined;
      throw error;
    });
    return this.session;
  }

  private async begin(ctx: Ctx): Promise<Session> {
    const session = await (ctx.settings.auth === 'ims' ? imsToken(ctx) : logon(ctx));
    const timer = setTimeout(() => (this.session = undefined), session.until - Date.now());
    timer.unref();
    return session;
  }
}

async function logon(ctx: Ctx): Promise<Session> {
  const { url, login = '', password = '' } = ctx.settings;
  if (!isXmlText(login) || !isXmlText(password))
    throw new BadCredentials('They hold characters Campaign cannot take.');
  const parameters =
    `<strLogin>${escapeXml(login)}</strLogin><strPassword>${escapeXml(password)}</strPassword>` +
    '<elemParameters/>';
  try {
    const answer = await callSoap(ctx.http, routerOf(url), {
      service: 'xtk:session',
      method: 'Logon',
      parameters,
    });
    const token = findElement(answer, 'pstrSessionToken')?.text ?? '';
    const security = findElement(answer, 'pstrSecurityToken')?.text ?? '';
    return {
      headers: { Cookie: `__sessiontoken=${token}`, 'X-Security-Token': security },
      until: Date.now() + LOGON_LIFE_MS,
    };
  } catch (error) {
    if (error instanceof SoapFault) throw connectorFault(error) ?? refused(error);
    if (error instanceof SessionExpired) throw refused(error);
    throw error;
  }
}

async function imsToken({ http, settings }: Ctx): Promise<Session> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: settings.clientId ?? '',
    client_secret: settings.clientSecret ?? '',
    scope: settings.scope ?? '',
  });
  try {
    const { data } = await http.post<{ access_token?: unknown; expires_in?: unknown }>(settings.imsUrl, form);
    if (typeof data.access_token !== 'string') throw new BadCredentials('The token endpoint gave no token.');
    const seconds = Number(data.expires_in) || 3600;
    return {
      headers: { Authorization: `Bearer ${data.access_token}` },
      until: Date.now() + Math.max(seconds - 60, seconds / 2) * 1000,
    };
  } catch (error) {
    if (isAxiosError(error) && error.response && [400, 401, 403].includes(error.response.status))
      throw refused(error);
    throw error;
  }
}

function refused(cause: unknown): BadCredentials {
  return new BadCredentials('Campaign refuses the credentials.', { cause });
}

function routerOf(url: string): string {
  return new URL('/nl/jsp/soaprouter.jsp', url).href;
}

/** The client of this connector, kept between calls. */
export function clientOf(ctx: Context<CampaignClassicSettings>): CampaignClient {
  return ctx.keep(() => new CampaignClient());
}
