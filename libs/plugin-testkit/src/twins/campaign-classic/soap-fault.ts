/** A SOAP 1.1 fault with the wording of the documented examples. */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';

  constructor(
    readonly faultcode: 'SOAP-ENV:Client' | 'SOAP-ENV:Server' | string,
    readonly faultstring: string,
    readonly detail: string,
  ) {
    super(`${faultstring} ${detail}`);
  }
}

/** `xtk:persist|xtk:session#Write` is the method Write of the interface xtk:persist. */
function partsOf(action: string): [service: string, method: string] {
  const [service = '', method = ''] = action.split('#');
  return [service.split('|')[0] ?? '', method];
}

/** What the request says is wrong in itself: XML, envelope, headers, parameters. */
export function invalidMessage(action: string, detail: string): SoapFault {
  const [service, method] = partsOf(action);
  return new SoapFault(
    'SOAP-ENV:Client',
    `The XML SOAP message is invalid (service '${service}', method '${method}').`,
    detail,
  );
}

/** Parameters or credentials the method does not take. */
export function invalidParameters(action: string, detail: string): SoapFault {
  const [service, method] = partsOf(action);
  return new SoapFault(
    'SOAP-ENV:Client',
    `Error while reading parameters of method '${method}' of service '${service}'.`,
    detail,
  );
}

export function sessionExpired(action: string): SoapFault {
  return invalidParameters(action, 'XSV-350008 Session has expired or is invalid. Please reconnect.');
}

/** The method ran and could not do its work. */
export function executionError(action: string, detail: string): SoapFault {
  const [service, method] = partsOf(action);
  return new SoapFault(
    'SOAP-ENV:Server',
    `SOP-330011 Error while executing the method '${method}' of service '${service}'.`,
    detail,
  );
}

export function unknownMethod(action: string): SoapFault {
  const [service, method] = partsOf(action);
  return new SoapFault(
    'SOAP-ENV:Client',
    `SOP-330006 The method '${method}' is not defined in SOAP service '${service}'.`,
    '',
  );
}

/** What is wrong with a document or a query, before it is known in which call. */
export class DataError extends Error {
  override readonly name = 'DataError';
}
