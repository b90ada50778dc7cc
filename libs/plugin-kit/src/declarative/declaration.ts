import type { Idempotency, Operation } from '../plugin';
import { IDEMPOTENCIES, OPERATIONS } from '../plugin';
import { compileError } from './expression';
import { Reader, type DeclarationError } from './reader';
import { readSettings, type DeclaredSetting } from './settings-class';

/** JSONata, such as `settings.url & '/texts'`. */
type Expression = string;

export interface DeclaredRequest {
  /** @default GET for a check, else POST */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: Expression;
  headers?: Record<string, Expression>;
  body?: Expression;
  /** How the body is written. @default json */
  type?: 'json' | 'form';
}

/** An item that is not sent at all: where `when` gives true it is rejected. */
export interface DeclaredRefusal {
  when: Expression;
  code: string;
  reason: string;
  pointer?: string;
}

export interface DeclaredOperation {
  idempotency: Idempotency;
  ttlSeconds?: number;
  perSecond: number;
  /** Items in one request. Expressions see `item`; with more than one they see `items`. @default 1 */
  batch?: number;
  refuse?: DeclaredRefusal[];
  request: DeclaredRequest;
  /**
   * What the answer (`response`: status, headers, body) means: `{status: 'accepted', providerId?}`, `{status: 'rejected', code,
   * reason, pointer?, bounce?}`, `{status: 'retry', afterSeconds?}` or `{status: 'unknown', code}`; of a batch a list of them.
   * Where it gives nothing the answer's status speaks: 2xx is accepted, 401 the credentials', 429 and 503 mean later, other
   * 4xx refuse, 5xx leave in doubt.
   */
  verdict?: Expression;
}

/** A plugin without code: an HTTP endpoint, with JSONata for requests and verdicts. */
export type Declaration = {
  settings: Record<string, DeclaredSetting>;
  /** Sent with every request. */
  headers?: Record<string, Expression>;
  /** Asked to prove settings and credentials; any answer below 400 does. */
  check: DeclaredRequest;
} & Partial<Record<Operation, DeclaredOperation>>;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The declaration, or what is wrong with it, each with its place. */
export function parseDeclaration(
  given: unknown,
): { declaration: Declaration } | { errors: DeclarationError[] } {
  const reader = new Reader();
  const whole = reader.object(given, '', ['settings', 'headers', 'check', ...OPERATIONS]);
  if (whole) {
    readSettings(reader, whole['settings'], '/settings');
    readExpressions(reader, whole['headers'], '/headers');
    readRequest(reader, whole['check'], '/check');
    const operations = OPERATIONS.filter((name) => whole[name] !== undefined);
    if (operations.length === 0) reader.wrong('', `must have one of ${OPERATIONS.join(', ')}`);
    for (const name of operations) readOperation(reader, whole[name], `/${name}`);
  }
  return reader.errors.length > 0 ? { errors: reader.errors } : { declaration: given as Declaration };
}

const OPERATION_KEYS = ['idempotency', 'ttlSeconds', 'perSecond', 'batch', 'refuse', 'request', 'verdict'];

function readOperation(reader: Reader, given: unknown, at: string): void {
  const operation = reader.object(given, at, OPERATION_KEYS);
  if (!operation) return;
  reader.oneOf(operation['idempotency'], `${at}/idempotency`, IDEMPOTENCIES);
  if (operation['idempotency'] === 'lookup') reader.wrong(`${at}/idempotency`, 'lookup takes code');
  reader.number(operation['perSecond'], `${at}/perSecond`, 0.001);
  if (operation['batch'] !== undefined) reader.number(operation['batch'], `${at}/batch`, 1);
  if (operation['ttlSeconds'] !== undefined) reader.number(operation['ttlSeconds'], `${at}/ttlSeconds`, 1);
  readRequest(reader, operation['request'], `${at}/request`);
  if (operation['verdict'] !== undefined) readExpression(reader, operation['verdict'], `${at}/verdict`);
  else if (Number(operation['batch'] ?? 1) > 1)
    reader.wrong(`${at}/verdict`, 'is needed for a batch: one answer per item');
  reader.list(operation['refuse'], `${at}/refuse`).forEach((one, index) => {
    const place = `${at}/refuse/${index}`;
    const refusal = reader.object(one, place, ['when', 'code', 'reason', 'pointer']);
    if (!refusal) return;
    readExpression(reader, refusal['when'], `${place}/when`);
    for (const name of ['code', 'reason']) reader.text(refusal[name], `${place}/${name}`);
    if (refusal['pointer'] !== undefined) reader.text(refusal['pointer'], `${place}/pointer`);
  });
}

function readRequest(reader: Reader, given: unknown, at: string): void {
  const request = reader.object(given, at, ['method', 'url', 'headers', 'body', 'type']);
  if (!request) return;
  if (request['method'] !== undefined) reader.oneOf(request['method'], `${at}/method`, METHODS);
  if (request['type'] !== undefined) reader.oneOf(request['type'], `${at}/type`, ['json', 'form']);
  readExpression(reader, request['url'], `${at}/url`);
  if (request['body'] !== undefined) readExpression(reader, request['body'], `${at}/body`);
  readExpressions(reader, request['headers'], `${at}/headers`);
}

function readExpressions(reader: Reader, given: unknown, at: string): void {
  if (given === undefined) return;
  for (const [name, expression] of Object.entries(reader.object(given, at) ?? {}))
    readExpression(reader, expression, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function readExpression(reader: Reader, given: unknown, at: string): void {
  if (!reader.text(given, at)) return;
  const error = compileError(String(given));
  if (error) reader.wrong(at, error);
}
