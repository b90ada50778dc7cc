/** JSON Schema of definitions, language version 1. The parser is the judge: it also knows what a schema cannot say. */
export const ref = (name: string): { $ref: string } => ({ $ref: `#/$defs/${name}` });
export const object = (properties: object, required: string[]): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
export const only = (name: string, schema: object): object => object({ [name]: schema }, [name]);
export const list = (items: object, maxItems: number): object => ({
  type: 'array',
  items,
  minItems: 1,
  maxItems,
});
export const text = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });
const ORDER = { enum: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] };
export const ID = '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
const DAYS = { type: 'integer', minimum: 0, maximum: 366 };
const IDENTITY = ['namespace', 'op', 'value'];
const STEPS = ['present', 'absent'];
export const selector = { name: text(1000), where: list(ref('joinedTest'), 50) };
const first = object({ ...selector, within: ref('window') }, ['name']);
const second = object(selector, ['name']);
const periods = {
  ...selector,
  within: {
    anyOf: [only('last', ref('duration')), object({ from: ref('bound'), to: ref('bound') }, ['from', 'to'])],
  },
  every: ref('duration'),
};

/** A test of what `of` names; `dates` are the dates it may be held against. */
const testOf = (of: object, dates: object[]): object => {
  const named = Object.keys(of);
  return {
    oneOf: [
      object({ ...of, op: { const: 'exists' }, value: { type: 'boolean' } }, [...named, 'op']),
      object(
        {
          ...of,
          op: { enum: ['eq', 'ne'] },
          value: { anyOf: [ref('plain'), ...dates] },
        },
        [...named, 'op', 'value'],
      ),
      object(
        {
          ...of,
          op: { enum: ['gt', 'gte', 'lt', 'lte'] },
          value: { anyOf: [{ type: 'string' }, ref('number'), ...dates] },
        },
        [...named, 'op', 'value'],
      ),
      object({ ...of, op: { const: 'in' }, value: list(ref('plain'), 1000) }, [...named, 'op', 'value']),
      object({ ...of, op: { const: 'includes' }, value: ref('plain') }, [...named, 'op', 'value']),
      object({ ...of, op: { enum: ['contains', 'startsWith'] }, value: text(10_000) }, [
        ...named,
        'op',
        'value',
      ]),
    ],
  };
};

export const definitionSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Audience definition',
  ...object({ version: { const: 1 }, where: ref('condition') }, ['version', 'where']),
  examples: [
    {
      version: 1,
      where: {
        all: [
          {
            event: {
              name: 'Order Completed',
              within: { last: '90d' },
              measure: { sum: 'revenue' },
              op: 'gt',
              value: 150,
            },
          },
          {
            event: { name: 'Order Completed', within: { last: '30d' }, measure: 'count', op: 'eq', value: 0 },
          },
          { consent: { channel: 'email', is: 'granted' } },
        ],
      },
    },
  ],
  $defs: {
    condition: {
      oneOf: [
        only('all', list(ref('condition'), 200)),
        only('any', list(ref('condition'), 200)),
        only('not', ref('condition')),
        only('trait', ref('joinedTest')),
        only('identity', ref('identity')),
        only('consent', ref('consent')),
        only('account', object({ where: list(ref('test'), 50) }, [])),
        only(
          'accountMember',
          object({ where: ref('condition'), account: list(ref('test'), 50), others: { type: 'boolean' } }, [
            'where',
          ]),
        ),
        only('calendar', ref('calendar')),
        only('sample', ref('sample')),
        only('event', { anyOf: [ref('event'), ref('every'), ref('firstEvent')] }),
        only('sequence', ref('sequence')),
        only('imported', { const: true }),
        only('audience', only('id', { type: 'string', pattern: ID })),
      ],
    },
    duration: {
      type: 'string',
      pattern:
        '^(\\d{1,9}[smhdw]|P(?!$)(\\d{1,9}W)?(\\d{1,9}D)?(T(?!$)(\\d{1,9}H)?(\\d{1,9}M)?(\\d{1,9}S)?)?)$',
      description: 'A fixed length, such as 30d, 12h or P30D; a day is 24 hours; at most 100 years.',
    },
    date: {
      type: 'string',
      pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2}))?$',
      description: 'RFC 3339 with a zone, or a day, which is its midnight in UTC.',
    },
    ago: only('ago', ref('duration')),
    ahead: only('ahead', ref('duration')),
    decimal: only('decimal', { type: 'string' }),
    number: { anyOf: [{ type: 'number' }, ref('decimal')] },
    dateValue: { anyOf: [only('date', ref('date')), ref('ago'), ref('ahead')] },
    plain: { anyOf: [{ type: ['string', 'boolean'] }, ref('number')] },
    bound: { anyOf: [ref('date'), ref('ago'), ref('ahead')] },
    window: {
      anyOf: [
        only('last', ref('duration')),
        { ...object({ from: ref('bound'), to: ref('bound') }, []), minProperties: 1 },
      ],
    },
    path: { type: 'string', minLength: 1, maxLength: 500, pattern: '^[^.]+(\\.[^.]+)*$' },
    test: testOf({ path: ref('path') }, [ref('dateValue')]),
    joinedTest: { anyOf: [ref('test'), ref('lookupTest')] },
    lookupTest: testOf(
      {
        path: ref('path'),
        lookup: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,62}$' },
        field: ref('path'),
      },
      [only('date', ref('date'))],
    ),
    consent: object(
      { channel: text(100), topic: text(100), is: { enum: ['granted', 'denied', 'unknown'] } },
      ['channel', 'is'],
    ),
    identity: {
      oneOf: [
        object({ namespace: text(100), op: { const: 'exists' }, value: { type: 'boolean' } }, [
          'namespace',
          'op',
        ]),
        object({ namespace: text(100), op: { const: 'in' }, value: list(text(1000), 1000) }, IDENTITY),
        object(
          { namespace: text(100), op: { enum: ['eq', 'contains', 'startsWith'] }, value: text(1000) },
          IDENTITY,
        ),
      ],
    },
    calendar: object(
      {
        path: ref('path'),
        in: object({ from: DAYS, to: DAYS }, ['from', 'to']),
        zone: { anyOf: [{ type: 'string', description: 'An IANA time zone.' }, only('trait', ref('path'))] },
      },
      ['path', 'in'],
    ),
    sample: object({ percent: { type: 'number', minimum: 0.01, maximum: 100 }, salt: text(100) }, [
      'percent',
    ]),
    event: {
      anyOf: [
        object({ ...selector, within: ref('window'), measure: { const: 'count' } }, ['name']),
        object(
          {
            ...selector,
            within: ref('window'),
            measure: {
              anyOf: [
                { const: 'count' },
                ...['sum', 'min', 'max', 'avg', 'distinct'].map((name) => only(name, ref('path'))),
              ],
            },
            op: ORDER,
            value: ref('number'),
          },
          ['name', 'op', 'value'],
        ),
        object(
          {
            ...selector,
            within: ref('window'),
            measure: { enum: ['first', 'last'] },
            op: ORDER,
            value: ref('dateValue'),
          },
          ['name', 'measure', 'op', 'value'],
        ),
      ],
    },
    every: {
      anyOf: [
        object({ ...periods, measure: { const: 'count' } }, ['name', 'within', 'every']),
        object(
          {
            ...periods,
            measure: { anyOf: [{ const: 'count' }, only('sum', ref('path'))] },
            op: ORDER,
            value: ref('number'),
          },
          ['name', 'within', 'every', 'op', 'value'],
        ),
      ],
    },
    firstEvent: object({ ...selector, firstWithin: ref('window') }, ['name', 'firstWithin']),
    sequence: {
      anyOf: [
        object({ first, then: { anyOf: STEPS.map((step) => only(step, second)) }, gap: ref('duration') }, [
          'first',
          'then',
        ]),
        object({ first, then: list(ref('step'), 8) }, ['first', 'then']),
      ],
    },
    step: { anyOf: STEPS.map((step) => object({ [step]: second, gap: ref('duration') }, [step])) },
  },
};
