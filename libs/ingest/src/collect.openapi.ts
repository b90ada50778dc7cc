import { ITEM_TYPES } from './ingest-item';
import { MAX_BATCH_EVENTS, MAX_ID_LENGTH, MAX_MESSAGE_ID_LENGTH, MAX_NAME_LENGTH } from './limits';

const id = { type: 'string', maxLength: MAX_ID_LENGTH };
const object = { type: 'object', additionalProperties: true };
const time = { type: 'string', format: 'date-time' };

/** One call of the tracking API, as OpenAPI describes it. */
export const EVENT_SCHEMA = {
  type: 'object',
  additionalProperties: true,
  properties: {
    messageId: { type: 'string', minLength: 1, maxLength: MAX_MESSAGE_ID_LENGTH },
    type: { type: 'string', enum: [...ITEM_TYPES] },
    userId: id,
    anonymousId: id,
    previousId: id,
    groupId: id,
    event: { type: 'string', maxLength: MAX_NAME_LENGTH },
    traits: object,
    properties: object,
    context: object,
    timestamp: time,
    sentAt: time,
    writeKey: { type: 'string', description: 'Instead of Basic authentication.' },
  },
};

export const BATCH_SCHEMA = {
  type: 'object',
  additionalProperties: true,
  required: ['batch'],
  properties: {
    batch: { type: 'array', maxItems: MAX_BATCH_EVENTS, items: EVENT_SCHEMA },
    context: { ...object, description: 'For those events that have none.' },
    sentAt: time,
    writeKey: { type: 'string', description: 'Instead of Basic authentication.' },
  },
};

export const SUCCESS_SCHEMA = {
  type: 'object',
  required: ['success'],
  properties: { success: { type: 'boolean', enum: [true] } },
};
