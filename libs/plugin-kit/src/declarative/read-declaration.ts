import { IDEMPOTENCIES, OPERATIONS } from '../plugin';
import type { Declaration } from './declaration';
import { readReceipts } from './read-receipts';
import { Reader, type DeclarationError } from './reader';
import { readSettings } from './settings-class';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const OPERATION_KEYS = ['idempotency', 'ttlSeconds', 'perSecond', 'batch', 'refuse', 'request', 'verdict'];
const OTHERS = ['lookup', 'receipts', 'feedback'];

/** The declaration, or what is wrong with it, each with its place. */
export function parseDeclaration(
  given: unknown,
): { declaration: Declaration } | { errors: DeclarationError[] } {
  const reader = new Reader();
  const whole = reader.object(given, '', ['settings', 'headers', 'check', ...OPERATIONS, ...OTHERS]);
  if (whole) {
    readSettings(reader, whole['settings'], '/settings');
    readExpressions(reader, whole['headers'], '/headers');
    readRequest(reader, whole['check'], '/check');
    const operations = OPERATIONS.filter((name) => whole[name] !== undefined);
    if (operations.length === 0) reader.wrong('', `must have one of ${OPERATIONS.join(', ')}`);
    for (const name of operations)
      readOperation(reader, whole[name], `/${name}`, whole['lookup'] !== undefined);
    if (whole['lookup'] !== undefined) readLookup(reader, whole['lookup'], '/lookup');
    if (whole['receipts'] !== undefined)
      readReceipts(reader, whole['receipts'], '/receipts', whole['settings']);
    if (whole['feedback'] !== undefined) readFeedback(reader, whole['feedback'], '/feedback');
  }
  return reader.errors.length > 0 ? { errors: reader.errors } : { declaration: given as Declaration };
}

function readOperation(reader: Reader, given: unknown, at: string, hasLookup: boolean): void {
  const operation = reader.object(given, at, OPERATION_KEYS);
  if (!operation) return;
  reader.oneOf(operation['idempotency'], `${at}/idempotency`, IDEMPOTENCIES);
  if (operation['idempotency'] === 'lookup' && !hasLookup)
    reader.wrong(`${at}/idempotency`, 'lookup needs a /lookup');
  reader.number(operation['perSecond'], `${at}/perSecond`, 0.001);
  if (operation['ttlSeconds'] !== undefined) reader.number(operation['ttlSeconds'], `${at}/ttlSeconds`, 1);
  readRequest(reader, operation['request'], `${at}/request`);
  readBatch(reader, operation, at, 'verdict');
  reader.list(operation['refuse'], `${at}/refuse`).forEach((one, index) => {
    const place = `${at}/refuse/${index}`;
    const refusal = reader.object(one, place, ['when', 'code', 'reason', 'pointer']);
    if (!refusal) return;
    reader.expression(refusal['when'], `${place}/when`);
    for (const name of ['code', 'reason']) reader.text(refusal[name], `${place}/${name}`);
    if (refusal['pointer'] !== undefined) reader.text(refusal['pointer'], `${place}/pointer`);
  });
}

function readLookup(reader: Reader, given: unknown, at: string): void {
  const lookup = reader.object(given, at, ['batch', 'request', 'result']);
  if (!lookup) return;
  readRequest(reader, lookup['request'], `${at}/request`);
  readBatch(reader, lookup, at, 'result');
}

/** What reads the answer must be there where it answers for several items. */
function readBatch(reader: Reader, given: Record<string, unknown>, at: string, answer: string): void {
  const { batch } = given;
  if (batch !== undefined) reader.number(batch, `${at}/batch`, 1);
  if (given[answer] !== undefined) reader.expression(given[answer], `${at}/${answer}`);
  else if (Number(batch ?? 1) > 1)
    reader.wrong(`${at}/${answer}`, 'is needed for a batch: one answer per item');
}

function readFeedback(reader: Reader, given: unknown, at: string): void {
  const feedback = reader.object(given, at, ['request', 'events', 'cursor']);
  if (!feedback) return;
  readRequest(reader, feedback['request'], `${at}/request`);
  for (const name of ['events', 'cursor']) reader.expression(feedback[name], `${at}/${name}`);
}

function readRequest(reader: Reader, given: unknown, at: string): void {
  const request = reader.object(given, at, ['method', 'url', 'headers', 'body', 'type']);
  if (!request) return;
  if (request['method'] !== undefined) reader.oneOf(request['method'], `${at}/method`, METHODS);
  if (request['type'] !== undefined) reader.oneOf(request['type'], `${at}/type`, ['json', 'form']);
  reader.expression(request['url'], `${at}/url`);
  if (request['body'] !== undefined) reader.expression(request['body'], `${at}/body`);
  readExpressions(reader, request['headers'], `${at}/headers`);
}

function readExpressions(reader: Reader, given: unknown, at: string): void {
  if (given === undefined) return;
  for (const [name, expression] of Object.entries(reader.object(given, at) ?? {}))
    reader.expression(expression, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}
