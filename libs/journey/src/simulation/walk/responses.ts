import {
  at,
  type JsonObject,
  Mistakes,
  readChoice,
  readObject,
  readText,
  schemaParts,
} from '@percorso/segmentation';
import type { JourneyDefinition, SendStep } from '../../definition/definition';
import { LONGEST_NAME, optional, readFlag } from '../../definition/written';
import type { VisitOutcome } from '../../engine/protocol';
import { OFFSET, readOffset } from './offset';
import type { ReactionRule, ResponseRule } from '../simulation';

export interface Responses {
  recorded: boolean;
  rules: ResponseRule[];
}

const STATUSES = ['accepted', 'rejected', 'suppressed', 'dropped', 'unknown'] as const;
const REACTIONS = ['delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed'] as const;
const MOST_RULES = 100;
const RULE = ['step', 'connector', 'percent', 'outcome', 'after', 'reactions'] as const;

/**
 * What becomes of messages, as it is written: `{recorded?, rules?}`.
 * @param journey whose steps and connectors rules name
 */
export function readResponses(
  value: unknown,
  pointer: string,
  journey: JourneyDefinition,
  mistakes: Mistakes,
): Responses | undefined {
  if (value === undefined) return { recorded: true, rules: [] };
  const source = readObject(value, pointer, ['recorded', 'rules'], mistakes);
  if (!source) return undefined;
  const recorded = optional(source.recorded, true, () =>
    readFlag(source.recorded, at(pointer, 'recorded'), mistakes),
  );
  const rules = optional(source.rules, [], () =>
    readRules(source.rules, at(pointer, 'rules'), journey, mistakes),
  );
  return recorded === undefined || !rules ? undefined : { recorded, rules };
}

/** A list of rules; undefined (and noted) where one cannot be read. */
export function readRules(
  value: unknown,
  pointer: string,
  journey: JourneyDefinition,
  mistakes: Mistakes,
): ResponseRule[] | undefined {
  if (!Array.isArray(value)) return mistakes.add(pointer, 'type', 'must be a list');
  if (value.length > MOST_RULES)
    return mistakes.add(pointer, 'too-many', `must have at most ${MOST_RULES} items`);
  const rules = value.map((rule, index) => {
    const place = at(pointer, index);
    const source = readObject(rule, place, RULE, mistakes);
    return source && readRule(source, place, journey, mistakes);
  });
  return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

export function readRule(
  source: JsonObject,
  pointer: string,
  journey: JourneyDefinition,
  mistakes: Mistakes,
): ResponseRule | undefined {
  const before = mistakes.errors.length;
  const which = readWhich(source, pointer, journey, mistakes);
  const outcome = optional<VisitOutcome>(source.outcome, { status: 'accepted' }, () =>
    readOutcome(source.outcome, at(pointer, 'outcome'), mistakes),
  );
  const after = optional(source.after, 0, () => readOffset(source.after, at(pointer, 'after'), mistakes));
  const reactions = readReactions(source.reactions, at(pointer, 'reactions'), mistakes);
  if (outcome && outcome.status !== 'accepted' && reactions.length > 0) {
    mistakes.add(at(pointer, 'reactions'), 'not-accepted', 'nobody gets a message that was not accepted');
  }
  if (mistakes.errors.length > before || !outcome || after === undefined) return undefined;
  return { ...which, outcome, after, reactions };
}

/** Of which messages: a step that sends or calls, a connector that one of them uses, so many of them. */
function readWhich(
  source: JsonObject,
  pointer: string,
  journey: JourneyDefinition,
  mistakes: Mistakes,
): Pick<ResponseRule, 'step' | 'connector' | 'percent'> {
  const sending = Object.entries(journey.steps).filter(
    (entry): entry is [string, SendStep] => entry[1].kind === 'send' || entry[1].kind === 'call',
  );
  const which: Pick<ResponseRule, 'step' | 'connector' | 'percent'> = {};
  if (source.step !== undefined) {
    const named = sending.find(([id]) => id === source.step);
    if (named) which.step = named[0];
    else
      mistakes.add(at(pointer, 'step'), 'unknown-step', 'must be a step of the journey that sends or calls');
  }
  if (source.connector !== undefined) {
    const named = sending.find(([, step]) => step.connectorId === source.connector);
    if (named) which.connector = named[1].connectorId;
    else
      mistakes.add(
        at(pointer, 'connector'),
        'unknown-connector',
        'must be a connector that the journey uses',
      );
  }
  if (source.percent !== undefined) {
    const percent = readPercent(source.percent, at(pointer, 'percent'), mistakes);
    if (percent !== undefined) which.percent = percent;
  }
  return which;
}

/** `{status, code?, response?}`. */
function readOutcome(value: unknown, pointer: string, mistakes: Mistakes): VisitOutcome | undefined {
  const source = readObject(value, pointer, ['status', 'code', 'response'], mistakes);
  const status = source && readChoice(source.status, STATUSES, at(pointer, 'status'), mistakes);
  if (!source || !status) return undefined;
  if (status === 'accepted') {
    if (source.code !== undefined)
      mistakes.add(at(pointer, 'code'), 'accepted', 'says why a message was not accepted');
    return { status, ...('response' in source && { response: source.response }) };
  }
  if (source.response !== undefined)
    mistakes.add(at(pointer, 'response'), 'not-accepted', 'is of a call that was accepted');
  const code = optional(source.code, 'simulated', () =>
    readText(source.code, at(pointer, 'code'), mistakes, LONGEST_NAME),
  );
  return code === undefined ? undefined : { status, code };
}

/** `[{is, percent, after}]`. */
function readReactions(value: unknown, pointer: string, mistakes: Mistakes): ReactionRule[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    mistakes.add(pointer, 'type', 'must be a list');
    return [];
  }
  if (value.length > MOST_RULES) mistakes.add(pointer, 'too-many', `must have at most ${MOST_RULES} items`);
  return value.flatMap((item, index): ReactionRule[] => {
    const place = at(pointer, index);
    const source = readObject(item, place, ['is', 'percent', 'after'], mistakes);
    if (!source) return [];
    const is = readChoice(source.is, REACTIONS, at(place, 'is'), mistakes);
    const percent = optional(source.percent, 100, () =>
      readPercent(source.percent, at(place, 'percent'), mistakes),
    );
    const after = optional(source.after, 0, () => readOffset(source.after, at(place, 'after'), mistakes));
    return is && percent !== undefined && after !== undefined ? [{ is, percent, after }] : [];
  });
}

function readPercent(value: unknown, pointer: string, mistakes: Mistakes): number | undefined {
  if (typeof value === 'number' && value >= 0 && value <= 100) return value;
  return mistakes.add(pointer, typeof value === 'number' ? 'range' : 'type', 'must be a number, 0 to 100');
}

const { object, text } = schemaParts;
const percent = { type: 'number', minimum: 0, maximum: 100 };
const after = { type: 'string', pattern: OFFSET, description: "A length of time such as '20m' or '1d20m'." };

/** JSON Schema of one rule. The parser is the judge. */
export const ruleSchema = object(
  {
    step: { type: 'string', description: 'Of messages and calls of this step; of all unless given.' },
    connector: { type: 'string', description: 'Of those by this connector, named by its id.' },
    percent: { ...percent, description: 'Of so many profiles; the same draw the same every time.' },
    outcome: {
      ...object(
        {
          status: { enum: STATUSES },
          code: { ...text(LONGEST_NAME), description: 'Why it was not accepted.' },
          response: { description: 'What a call gets back.' },
        },
        ['status'],
      ),
      description: 'Accepted unless given.',
    },
    after: { ...after, description: "Until the provider has answered, such as '2s'; at once unless given." },
    reactions: {
      type: 'array',
      maxItems: MOST_RULES,
      items: object(
        { is: { enum: REACTIONS }, percent, after: { ...after, description: 'After it was accepted.' } },
        ['is'],
      ),
      description:
        'What those who got it do; each draws on its own. After a bounce or a complaint nothing more is sent there.',
    },
  },
  [],
);

/** JSON Schema of `readResponses`. */
export const responsesSchema = object(
  {
    recorded: {
      type: 'boolean',
      description: 'What really became of that very message counts, where it was sent. True unless given.',
    },
    rules: {
      type: 'array',
      maxItems: MOST_RULES,
      items: ruleSchema,
      description:
        'The first that fits says what becomes of a message; where none does it is accepted at once.',
    },
  },
  [],
);
