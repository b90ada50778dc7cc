import { DateTime, IANAZone } from 'luxon';
import type {
  AwaitArm,
  ContextTest,
  EventWatch,
  JourneyDefinition,
  ProfileCondition,
  UpdateStep,
  WaitStep,
} from '../../definition/definition';
import type { Entering } from '../advance';
import type { JourneyEvent, RememberedReaction } from '../instance';
import type { Command, Happening, TraceEntry, TraceWhat } from '../protocol';
import type { Facts } from './oracle';

interface Given {
  values: Record<string, unknown>;
  errors: Record<string, string>;
}

/** What a reference story writes down, and what it can look up. */
export abstract class ReferenceBook {
  readonly commands: (Command & { at: number })[] = [];
  readonly trace: TraceEntry[] = [];
  context: Record<string, unknown>;
  sent: Record<string, number> = {};
  reacted: RememberedReaction[] = [];

  constructor(
    protected readonly journey: JourneyDefinition,
    protected readonly entering: Entering,
    protected readonly facts: Facts,
    protected at: number,
  ) {
    this.context = { ...entering.context };
  }

  /** A reaction that some await is for is kept once for all that come later, with its properties if any of them wants those. */
  protected keepInMind(happening: Happening): void {
    const awaits = Object.values(this.journey.steps).flatMap((step) =>
      step.kind === 'await' ? step.arms : [],
    );
    const arms = awaits.filter((arm) => 'reaction' in arm.for && this.meets(arm.for, happening));
    const [first] = arms;
    if (happening.kind !== 'event' || !first || !('reaction' in first.for)) return;
    const { to, is } = first.for.reaction;
    if (this.reacted.some((one) => one.to === to && one.is === is)) return;
    const { name: event, messageId, properties } = happening.event;
    const wanted = arms.some(({ as }) => as !== undefined) ? { properties } : {};
    this.reacted = [...this.reacted, { to, is, event, messageId, ...wanted }];
  }

  /** The first that came of what arms are for, which nobody else gets any more. */
  protected recall(arms: AwaitArm[]): { arm: number; reaction: RememberedReaction } | undefined {
    const armOf = ({ to, is }: RememberedReaction): number =>
      arms.findIndex(
        (one) => 'reaction' in one.for && one.for.reaction.to === to && one.for.reaction.is === is,
      );
    const reaction = this.reacted.find((one) => armOf(one) >= 0);
    if (!reaction) return undefined;
    this.reacted = this.reacted.filter((one) => one !== reaction);
    return { arm: armOf(reaction), reaction };
  }

  protected isTooLate(happening: Happening): boolean {
    return (
      happening.kind === 'event' &&
      happening.event.receivedAt - happening.event.occurredAt >= this.journey.lateMs
    );
  }

  protected said(happening: Happening): object {
    return happening.kind === 'event'
      ? { event: happening.event.name, messageId: happening.event.messageId }
      : { audience: happening.audienceId, on: happening.op };
  }

  protected meets(watch: AwaitArm['for'], happening: Happening): boolean {
    if (happening.kind === 'membership') {
      const { audienceId, op } = happening;
      return 'audience' in watch && watch.audience.id === audienceId && watch.audience.on === op;
    }
    const { event } = happening;
    if ('reaction' in watch) {
      const visit = this.sent[watch.reaction.to];
      const ending = {
        delivered: 'Delivered',
        opened: 'Opened',
        clicked: 'Link Clicked',
        bounced: 'Bounced',
      };
      const words = { ...ending, complained: 'Marked as Spam', unsubscribed: 'Unsubscribed' };
      return (
        visit !== undefined &&
        event.properties.effect_key === `journey:${this.entering.id}:${visit}` &&
        event.name.endsWith(words[watch.reaction.is])
      );
    }
    return 'event' in watch && event.name === watch.event.name && this.isSelected(watch.event, event);
  }

  /** The few tests that random journeys have. */
  private isSelected({ where, key }: EventWatch, { properties }: JourneyEvent): boolean {
    const passes = where.every((test) => {
      const value = properties[test.path];
      if (test.op !== 'gte' || test.value.type !== 'number')
        throw new TypeError(`the reference does not know ${test.op}`);
      return typeof value === 'number' && value >= Number(test.value.value);
    });
    if (this.journey.key === undefined) return passes;
    const told = properties[key ?? this.journey.key];
    return passes && (told === undefined || told === null ? null : String(told)) === this.entering.key;
  }

  /** The instant a wait is for. */
  protected until(id: string, visit: number, { until }: WaitStep): number | undefined {
    if ('for' in until) return this.at + until.for;
    if ('at' in until) return until.at;
    if ('jsonata' in until) {
      const { values, errors } = this.give(visit, { until: until.jsonata });
      this.tellErrors({ step: id, visit }, errors);
      const told = values.until;
      const parsed = typeof told === 'string' ? DateTime.fromISO(told, { zone: 'UTC' }).toMillis() : told;
      return typeof parsed === 'number' && parsed < Date.UTC(2299, 0, 1) ? parsed : undefined;
    }
    const trait = until.zone && 'trait' in until.zone ? until.zone.trait : undefined;
    const told = until.zone && 'name' in until.zone ? until.zone.name : this.facts.zone(visit, trait);
    const zone = told !== undefined && IANAZone.isValidZone(told) ? told : 'UTC';
    let shown = DateTime.fromMillis(this.at, { zone }).set({ ...until.time, second: 0, millisecond: 0 });
    while (shown.toMillis() <= this.at || !until.weekdays.includes(shown.weekday))
      shown = shown.plus({ days: 1 });
    return shown.toMillis();
  }

  /** Which of these hold. Expressions have their places for names, unless there is one called `name`. */
  protected holds(
    id: string,
    visit: number,
    tests: (ProfileCondition | ContextTest)[],
    name?: string,
  ): boolean[] {
    const texts = tests.flatMap((test, index) =>
      'jsonata' in test ? [[name ?? String(index), test.jsonata] as const] : [],
    );
    const { values, errors } = this.give(visit, Object.fromEntries(texts));
    this.tellErrors({ step: id, visit }, errors);
    return tests.map((test, index) =>
      'jsonata' in test ? values[name ?? index] === true : this.facts.condition(visit, test),
    );
  }

  protected give(visit: number, texts: Record<string, string>, response?: unknown): Given {
    const given: Given = { values: {}, errors: {} };
    for (const [name, text] of Object.entries(texts)) {
      const one = this.facts.expression(visit, text, response);
      if ('error' in one) given.errors[name] = one.error;
      else if (one.value !== undefined) given.values[name] = one.value;
    }
    return given;
  }

  protected sooner(ms: number): number {
    return this.at + Math.max(1, Math.ceil(ms / (this.entering.speed ?? 1)));
  }

  protected command(command: Command): void {
    this.commands.push({ ...command, at: this.at });
  }

  protected tellErrors({ step, visit }: { step: string; visit: number }, errors: Given['errors']): void {
    if (Object.keys(errors).length > 0) this.tell('error', step, visit, errors);
  }

  protected tell(what: TraceWhat, step: string, visit: number, detail?: object, next?: string): void {
    this.trace.push({
      at: this.at,
      visit,
      step,
      what,
      ...(next !== undefined && { next }),
      ...(detail !== undefined && { detail: { ...detail } }),
    });
  }

  protected update(id: string, visit: number, step: UpdateStep): string | undefined {
    const texts = [
      ...Object.entries(step.traits).map(([name, text]) => [`traits.${name}`, text] as const),
      ...Object.entries(step.context).map(([name, text]) => [`context.${name}`, text] as const),
    ];
    const { values, errors } = this.give(visit, Object.fromEntries(texts));
    this.tellErrors({ step: id, visit }, errors);
    const under = (prefix: string): Record<string, unknown> =>
      Object.fromEntries(
        Object.entries(values)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length), value]),
      );
    const traits = under('traits.');
    if (Object.keys(traits).length > 0) this.command({ kind: 'traits', visit, traits });
    for (const one of step.consent) this.command({ kind: 'consent', visit, ...one });
    for (const one of step.lists) this.command({ kind: 'list', visit, ...one });
    this.context = { ...this.context, ...under('context.') };
    return this.pass(id, visit, step.next);
  }

  protected pass(step: string, visit: number, next: string | undefined, detail?: object): string | undefined {
    this.tell('passed', step, visit, detail, next);
    return next;
  }
}
