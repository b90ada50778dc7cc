import { definitionSchema, schemaParts } from '@percorso/segmentation';
import { MAX_EXPRESSION } from '@percorso/mapping';
import type { StepKind } from './definition';
import { RATE } from './parse-entry';
import { GROUP_NAME } from './parse-journey';
import { STEP_KINDS, WAYS } from './parse-step';
import { CLOCK_TIME } from './parse-wait';
import { CONTEXT_NAME, LIMITS, LONGEST_NAME, STEP_ID, TRAIT_NAME } from './written';

const { object, only, ref, list, text, ID, selector } = schemaParts;

const whole = (minimum: number, maximum: number): object => ({ type: 'integer', minimum, maximum });
const id = (of: string): object => ({ type: 'string', pattern: ID, description: `The id of ${of}.` });
const named = (pattern: string, values: object, maxProperties: number): object => ({
  type: 'object',
  propertyNames: { pattern, minLength: 1, maxLength: LONGEST_NAME },
  additionalProperties: values,
  minProperties: 1,
  maxProperties,
});
const percent = { type: 'number', minimum: 0.01, maximum: 100 };
const zone = { type: 'string', minLength: 1, description: 'An IANA time zone.' };
const watch = [only('event', ref('eventWatch')), only('audience', ref('audienceWatch'))];
const also = (schemas: object[], more: object): object[] =>
  schemas.map((schema) => ({
    ...schema,
    properties: { ...(schema as { properties: object }).properties, ...more },
  }));
const flag = { type: 'boolean' };
const reading = { audience: id('an audience'), perSecond: whole(RATE.least, RATE.most) };
const ONLY = { enum: ['all', 'new'] };

const awaiting = (required: string[]): object =>
  object({ any: list(ref('arm'), LIMITS.arms), timeout: ref('duration') }, required);

const STEPS: Record<StepKind, object> = {
  send: object(
    { connector: id('a connector'), content: ref('jsonata'), priority: { enum: ['transactional', 'bulk'] } },
    ['connector', 'content'],
  ),
  call: object(
    {
      connector: id('a connector'),
      content: ref('jsonata'),
      into: ref('expressions'),
      timeout: ref('duration'),
    },
    ['connector', 'content'],
  ),
  wait: {
    oneOf: [
      only('for', ref('duration')),
      only('at', ref('date')),
      only('jsonata', ref('expression')),
      object(
        {
          time: { type: 'string', pattern: CLOCK_TIME },
          weekdays: { type: 'array', items: whole(1, 7), minItems: 1, uniqueItems: true },
          zone: { anyOf: [zone, only('trait', ref('path'))] },
        },
        ['time'],
      ),
    ],
  },
  await: awaiting(['any']),
  branch: list(object({ where: ref('ask'), next: ref('stepId') }, ['where']), LIMITS.arms),
  split: object(
    {
      arms: list(object({ name: text(100), percent, next: ref('stepId') }, ['name', 'percent']), LIMITS.arms),
      salt: text(100),
    },
    ['arms'],
  ),
  parallel: object(
    {
      branches: {
        type: 'array',
        items: ref('stepId'),
        minItems: 2,
        maxItems: LIMITS.branches,
        uniqueItems: true,
      },
      join: { enum: ['all', 'any'] },
    },
    ['branches'],
  ),
  loop: object({ body: ref('stepId'), times: whole(1, LIMITS.times), while: ref('ask') }, ['body', 'times']),
  update: {
    ...object(
      {
        traits: named(TRAIT_NAME, ref('expression'), LIMITS.names),
        consent: list(
          object({ channel: text(100), topic: text(100), is: { enum: ['granted', 'denied'] } }, [
            'channel',
            'is',
          ]),
          LIMITS.names,
        ),
        lists: list(
          object({ audience: id('an audience with an uploaded list'), op: { enum: ['add', 'remove'] } }, [
            'audience',
            'op',
          ]),
          LIMITS.names,
        ),
        context: ref('expressions'),
      },
      [],
    ),
    minProperties: 1,
  },
  jump: object({ journey: id('a journey'), context: ref('expressions') }, ['journey']),
  end: object({ reason: text(LONGEST_NAME) }, []),
};

function step(kind: StepKind): object[] {
  const schema = (of: object, ways: readonly string[], needed: string[] = []): object =>
    object({ [kind]: of, ...Object.fromEntries(ways.map((way) => [way, ref('stepId')])) }, [kind, ...needed]);
  if (kind !== 'await') return [schema(STEPS[kind], WAYS[kind])];
  // Where there is no timeout nobody goes where it leads.
  return [
    schema(awaiting(['any']), ['next']),
    schema(awaiting(['any', 'timeout']), WAYS.await, ['timedOut']),
  ];
}

/** JSON Schema of journeys, language version 1. The parser is the judge: it also knows what a schema cannot say. */
export const journeySchema = {
  $schema: definitionSchema.$schema,
  title: 'Journey definition',
  ...object(
    {
      version: { const: 1 },
      key: ref('path'),
      entries: list(ref('entry'), LIMITS.entries),
      where: ref('condition'),
      reentry: { oneOf: [{ enum: ['always', 'once'] }, only('after', ref('duration'))] },
      caps: object({ total: whole(1, 1_000_000_000), perDay: whole(1, 1_000_000_000) }, []),
      group: object(
        {
          name: { ...text(LONGEST_NAME), pattern: GROUP_NAME },
          priority: whole(0, 1000),
        },
        ['name', 'priority'],
      ),
      late: ref('duration'),
      merge: { enum: ['oldest', 'newest', 'none'] },
      holdout: percent,
      goal: { oneOf: also(watch, { ends: flag, within: ref('duration') }) },
      exits: list({ oneOf: watch }, LIMITS.exits),
      start: ref('stepId'),
      steps: {
        type: 'object',
        propertyNames: { pattern: STEP_ID },
        additionalProperties: ref('step'),
        minProperties: 1,
        maxProperties: LIMITS.steps,
      },
    },
    ['version', 'entries', 'start', 'steps'],
  ),
  $defs: {
    ...definitionSchema.$defs,
    stepId: { type: 'string', pattern: STEP_ID, description: 'The id of a step of this journey.' },
    expression: { ...text(MAX_EXPRESSION), description: 'JSONata.' },
    jsonata: only('jsonata', ref('expression')),
    expressions: named(CONTEXT_NAME, ref('expression'), LIMITS.names),
    ask: { oneOf: [ref('condition'), ref('jsonata')] },
    eventWatch: object({ ...selector, key: ref('path') }, ['name']),
    audienceWatch: object({ id: id('an audience'), on: { enum: ['enter', 'exit'] } }, ['id', 'on']),
    entry: {
      oneOf: [
        ...also(watch, { backfill: flag }),
        only('read', {
          oneOf: [
            object({ ...reading, cron: text(200), zone, only: ONLY }, ['audience', 'cron']),
            object({ ...reading, afterEvaluation: { const: true }, only: ONLY }, [
              'audience',
              'afterEvaluation',
            ]),
          ],
        }),
        only('business', object({ event: ref('eventWatch'), ...reading }, ['event', 'audience'])),
        only('api', object({}, [])),
      ],
    },
    arm: {
      oneOf: [
        object(
          { event: ref('eventWatch'), next: ref('stepId'), as: { type: 'string', pattern: CONTEXT_NAME } },
          ['event'],
        ),
        object({ audience: ref('audienceWatch'), next: ref('stepId') }, ['audience']),
        object(
          { reaction: ref('reaction'), next: ref('stepId'), as: { type: 'string', pattern: CONTEXT_NAME } },
          ['reaction'],
        ),
      ],
    },
    reaction: object(
      {
        to: ref('stepId'),
        is: { enum: ['delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed'] },
      },
      ['to', 'is'],
    ),
    step: { oneOf: STEP_KINDS.flatMap(step) },
  },
};
