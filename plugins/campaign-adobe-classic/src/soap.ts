import type { AxiosInstance } from 'axios';
import { BadCredentials, BadSettings, TryLater, Unclear } from '@percorso/plugin-kit';
import { findElement, parseXml, type XmlElement } from './xml';

/** Campaign refused the call and wrote nothing of it. */
export class SoapFault extends Error {
  constructor(
    readonly faultcode: string,
    readonly faultstring: string,
    readonly detail: string,
  ) {
    super(faultstring);
    this.name = 'SoapFault';
  }

  /** Campaign's own code, e.g. `xsv-350008`; `refused` when the text holds none. */
  get code(): string {
    const codes = `${this.detail} ${this.faultstring}`.match(/\b[A-Z]{3}-\d{6}\b/g) ?? [];
    // SOP-330011 heads every failed execution and tells nothing.
    return codes.find((code) => code !== 'SOP-330011')?.toLowerCase() ?? 'refused';
  }

  get text(): string {
    return `${this.faultstring} ${this.detail}`.trim();
  }
}

/** The session or token is over; nothing was done. */
export class SessionExpired extends Error {
  override readonly name = 'SessionExpired';
}

export interface SoapCall {
  /** e.g. `xtk:persist`. */
  service: string;
  method: string;
  /** XML after the session token, which always comes first and stays empty: the tokens travel as headers. */
  parameters: string;
  headers?: Record<string, string>;
}

const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';

/** One SOAP 1.1 call; resolves to the response element. @throws SoapFault, SessionExpired, kit errors and axios errors */
export async function callSoap(http: AxiosInstance, url: string, call: SoapCall): Promise<XmlElement> {
  const body =
    `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${ENVELOPE}"><soapenv:Header/>` +
    `<soapenv:Body><${call.method} xmlns="urn:${call.service}"><sessiontoken/>${call.parameters}</${call.method}>` +
    '</soapenv:Body></soapenv:Envelope>';
  const response = await http.post<string>(url, body, {
    headers: {
      ...call.headers,
      'Content-Type': 'text/xml; charset=utf-8',
      SOAPAction: `${call.service}#${call.method}`,
    },
    responseType: 'text',
    transformResponse: (text: unknown) => text,
    validateStatus: (status) => (status >= 200 && status < 300) || status === 500 || status === 401,
  });
  const text = String(response.data);
  if (response.status === 401 || text.includes('XSV-350008'))
    throw new SessionExpired('The session is over.');
  const document = parseXml(text);
  const fault = findElement(document, 'Fault');
  if (fault) throw readFault(fault);
  const answer = findElement(document, `${call.method}Response`);
  if (response.status !== 200 || !answer) throw new Unclear(`http-${response.status}`);
  return answer;
}

function readFault(fault: XmlElement): SoapFault {
  const part = (name: string): string => (findElement(fault, name)?.text ?? '').trim();
  return new SoapFault(part('faultcode'), part('faultstring'), part('detail'));
}

const PASSING =
  /deadlock|timed? ?out|too many connections|out of memory|shutting down|connection .{0,40}(refused|reset|lost|closed)/i;

/** A fault that is not about the rows of a call, as the error that says what to do; undefined for one about rows. */
export function connectorFault(fault: SoapFault): Error | undefined {
  const options = { cause: fault };
  if (fault.code === 'xsv-350012')
    return new BadCredentials('Campaign refuses the operator or the password.', options);
  if (fault.code === 'sop-330006') {
    return new BadSettings('/persistService', 'This Campaign does not know the write service.', options);
  }
  if (fault.code === 'xfr-180000' || /Unable to find schema/i.test(fault.text)) {
    return new BadSettings('/schema', 'This Campaign has no such schema.', options);
  }
  if (PASSING.test(fault.text)) return new TryLater(undefined, 'Campaign has a passing fault.', options);
  return undefined;
}
