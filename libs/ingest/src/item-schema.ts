import Ajv, { ErrorObject } from 'ajv';
import { ITEM_TYPES, ItemType, Refusal } from './ingest-item';
import { MAX_ID_LENGTH, MAX_MESSAGE_ID_LENGTH, MAX_NAME_LENGTH } from './limits';

type Json = Record<string, unknown>;
type Id = string | number | null;

/** An item whose envelope has the right types. Null and absent mean the same, as in Segment's libraries. */
export interface Envelope {
  type: ItemType;
  messageId?: string | null;
  userId?: Id;
  anonymousId?: Id;
  previousId?: Id;
  groupId?: Id;
  event?: string | null;
  name?: string | null;
  category?: string | null;
  traits?: Json | null;
  properties?: Json | null;
  context?: Json | null;
  timestamp?: string | null;
  originalTimestamp?: string | null;
  sentAt?: string | null;
}

// Segment's own check (loosely-validate-event) takes numbers as ids; older libraries send them.
const id = { type: ['string', 'integer', 'null'], maxLength: MAX_ID_LENGTH };
const object = { type: ['object', 'null'] };
const text = { type: ['string', 'null'] };
const name = { type: ['string', 'null'], maxLength: MAX_NAME_LENGTH };

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile<Envelope>({
  type: 'object',
  required: ['type'],
  properties: {
    type: { enum: [...ITEM_TYPES] },
    messageId: { type: ['string', 'null'], minLength: 1, maxLength: MAX_MESSAGE_ID_LENGTH },
    userId: id,
    anonymousId: id,
    previousId: id,
    groupId: id,
    event: name,
    name: text,
    category: text,
    traits: object,
    properties: object,
    context: object,
    integrations: object,
    timestamp: text,
    originalTimestamp: text,
    sentAt: text,
  },
});

function refusalOf(error: ErrorObject): Refusal {
  const missing: unknown = error.params.missingProperty;
  const pointer = typeof missing === 'string' ? `${error.instancePath}/${missing}` : error.instancePath;
  switch (error.keyword) {
    case 'required':
      return { code: 'field-missing', reason: 'The field is required.', pointer };
    case 'enum':
      return { code: 'type-unknown', reason: `The type must be one of ${ITEM_TYPES.join(', ')}.`, pointer };
    case 'minLength':
    case 'maxLength':
      return {
        code: 'length-invalid',
        reason: `The text ${error.message ?? 'has an invalid length'}.`,
        pointer,
      };
    default:
      return { code: 'value-invalid', reason: `The value ${error.message ?? 'is invalid'}.`, pointer };
  }
}

/** The envelope's first mistake; undefined means that `item` is an Envelope. */
export function envelopeRefusal(item: unknown): Refusal | undefined {
  if (validate(item)) return undefined;
  const [error] = validate.errors ?? [];
  return error && refusalOf(error);
}
