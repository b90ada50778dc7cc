import { definitionSchema, object, only, ref, selector } from '../definition/definition.schema';

const MEASURES = ['sum', 'min', 'max', 'avg', 'distinct', 'mostFrequent', 'firstValue', 'lastValue'];

/** JSON Schema of a computed trait's definition; its parts are those of the segment language. */
export const traitSchema = {
  $schema: definitionSchema.$schema,
  title: 'Computed trait definition',
  oneOf: [
    object({ version: { const: 1 }, event: ref('measured') }, ['version', 'event']),
    object({ version: { const: 1 }, where: ref('condition') }, ['version', 'where']),
  ],
  examples: [
    { version: 1, event: { name: 'Order Completed', measure: { sum: 'revenue' } } },
    {
      version: 1,
      event: { name: 'Product Viewed', within: { last: '90d' }, measure: { mostFrequent: 'category' } },
    },
    { version: 1, where: { event: { name: 'Order Completed', measure: 'count', op: 'gte', value: 3 } } },
  ],
  $defs: {
    ...definitionSchema.$defs,
    measured: object(
      {
        ...selector,
        within: ref('window'),
        measure: {
          anyOf: [
            { enum: ['count', 'first', 'last'] },
            ...MEASURES.map((measure) => only(measure, ref('path'))),
          ],
        },
      },
      ['name'],
    ),
  },
};
