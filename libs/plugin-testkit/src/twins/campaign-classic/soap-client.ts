import { parseXml, XmlElement } from './xml';

export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** `faultcode: faultstring detail`, when the answer is a fault. */
  fault: string | undefined;
}

/** A bare SOAP caller for specs, which can also send what a sound client never would. */
export class SoapClient {
  session = '';
  security = '';

  constructor(private readonly url: string) {}

  async logon(login: string, password: string): Promise<RawAnswer> {
    const answer = await this.call('xtk:session#Logon', `<l>${login}</l><p>${password}</p><e/>`);
    this.session = /<pstrSessionToken[^>]*>([^<]+)/.exec(answer.text)?.[1] ?? '';
    this.security = /<pstrSecurityToken[^>]*>([^<]+)/.exec(answer.text)?.[1] ?? '';
    return answer;
  }

  /** Calls with these parameters after an empty sessiontoken. */
  call(action: string, parameters: string): Promise<RawAnswer> {
    return this.post(action, envelope(action, `<sessiontoken/>${parameters}`));
  }

  write(document: string): Promise<RawAnswer> {
    return this.call('xtk:persist#Write', `<domDoc>${document}</domDoc>`);
  }

  writeCollection(rows: string): Promise<RawAnswer> {
    const document = `<recipient-collection xtkschema="nms:recipient">${rows}</recipient-collection>`;
    return this.call('xtk:persist#WriteCollection', `<domDoc>${document}</domDoc>`);
  }

  async query(queryDef: string): Promise<XmlElement> {
    const answer = await this.call('xtk:queryDef#ExecuteQuery', `<entity>${queryDef}</entity>`);
    if (answer.fault !== undefined) throw new QueryFault(answer.fault);
    const output = parseXml(Buffer.from(answer.text)).children[0]?.children[0]?.children[0]?.children[0];
    if (!output) throw new QueryFault(answer.text);
    return output;
  }

  async post(
    action: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const response = await fetch(`${this.url}/nl/jsp/soaprouter.jsp`, {
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset=utf-8',
        soapaction: action,
        ...(this.session
          ? { cookie: `__sessiontoken=${this.session}`, 'x-security-token': this.security }
          : {}),
        ...headers,
      },
      body: new Uint8Array(Buffer.from(body)),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, fault: faultOf(text) };
  }
}

/** The server answered a query with a fault. */
export class QueryFault extends Error {
  override readonly name = 'QueryFault';
}

export function envelope(action: string, content: string): string {
  const [service, method] = action.split('#');
  return (
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>` +
    `<m:${method} xmlns:m="urn:${service}">${content}</m:${method}></soap:Body></soap:Envelope>`
  );
}

function faultOf(text: string): string | undefined {
  if (!text.includes('SOAP-ENV:Fault')) return undefined;
  const [code, string, detail] = parseXml(Buffer.from(text)).children[0]?.children[0]?.children ?? [];
  return `${code?.text}: ${string?.text} ${detail?.text}`;
}
