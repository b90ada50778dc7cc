import { Injectable } from '@nestjs/common';
import { ConnectorService } from '@percorso/connector';
import { MappingRunner } from '@percorso/mapping';
import { type FieldUse, findViolations, type UsageRules, type UsageViolation } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { parseJourney } from '../definition/parse-journey';
import { type Places, placesOf } from '../definition/places';
import { contentOf, givenBy, readsOf, rememberedBy } from './context-uses';
import { ReferenceStore } from './reference.store';

/** Whether what jumps take along may go where the journeys that they lead to send it. */
@Injectable()
export class JumpUsageCheck {
  constructor(
    private readonly runner: MappingRunner,
    private readonly connectors: ConnectorService,
    private readonly references: ReferenceStore,
  ) {}

  /** @param self the journey's id: others that jump to it count, too */
  async check(
    tx: Transaction,
    journey: JourneyDefinition,
    self: string | undefined,
    rules: UsageRules,
  ): Promise<UsageViolation[]> {
    const own = placesOf(journey);
    const known = new Map<string, Places | undefined>(self === undefined ? [] : [[self, own]]);
    const arrived = new Map<string, FieldUse[]>();
    await this.pass(tx, own, await rememberedBy(this.runner, own), true, known, arrived);
    const violations: UsageViolation[] = [];
    for (const [id, uses] of arrived) {
      const places = known.get(id);
      if (places) violations.push(...(await this.sent(tx, places, uses, rules)));
    }
    if (self === undefined) return violations;
    const given = await this.givenTo(tx, self);
    return [...violations, ...(await this.sent(tx, own, given, rules, true))];
  }

  /**
   * What jumps lead on: what steps have put into the context (`held`), and what they read of the profile themselves
   * (`reads`). What comes to a journey is passed on by the jumps that give its context away.
   */
  private async pass(
    tx: Transaction,
    from: Places,
    held: readonly FieldUse[],
    reads: boolean,
    known: Map<string, Places | undefined>,
    arrived: Map<string, FieldUse[]>,
  ): Promise<void> {
    for (const jump of from.journeys) {
      const before = arrived.get(jump.id) ?? [];
      const news = (await this.carried(from, jump, held, reads)).filter(
        (use) =>
          !before.some(({ pointer, path }) => pointer === use.pointer && path.join() === use.path.join()),
      );
      if (news.length === 0) continue;
      arrived.set(jump.id, [...before, ...news]);
      if (!known.has(jump.id)) known.set(jump.id, await this.placesOf(tx, jump.id));
      const to = known.get(jump.id);
      if (to) await this.pass(tx, to, news, false, known, arrived);
    }
  }

  private async carried(
    from: Places,
    jump: Places['journeys'][number],
    held: readonly FieldUse[],
    reads: boolean,
  ): Promise<FieldUse[]> {
    const given = await Promise.all(givenBy(from, jump).map((one) => readsOf(this.runner, one)));
    return given.flatMap(({ fields, context }) => [...(reads ? fields : []), ...(context ? held : [])]);
  }

  /** What journeys that are live give one that they jump to. */
  private async givenTo(tx: Transaction, self: string): Promise<FieldUse[]> {
    const all = (await this.references.liveMentioning(tx, self)).map((one) => parseJourney(one.definition));
    const uses = all.map(async (parsed) => {
      if (!parsed.ok) return [];
      const from = placesOf(parsed.journey);
      const held = await rememberedBy(this.runner, from);
      const jumps = from.journeys.filter(({ id }) => id === self);
      return (await Promise.all(jumps.map((jump) => this.carried(from, jump, held, true)))).flat();
    });
    return (await Promise.all(uses)).flat();
  }

  /** @param here whether the places to be pointed at are those that send, and not where the fields were read */
  private async sent(
    tx: Transaction,
    places: Places,
    uses: readonly FieldUse[],
    rules: UsageRules,
    here = false,
  ): Promise<UsageViolation[]> {
    if (uses.length === 0) return [];
    const violations: UsageViolation[] = [];
    for (const connector of places.connectors) {
      const content = contentOf(places, connector);
      if (!(await readsOf(this.runner, content)).context) continue;
      const told = here ? uses.map(({ path }) => ({ path, pointer: content.pointer })) : uses;
      violations.push(...findViolations(told, rules, await this.connectors.usage(tx, connector.id)));
    }
    return violations;
  }

  private async placesOf(tx: Transaction, id: string): Promise<Places | undefined> {
    const [found] = await this.references.journeys(tx, { ids: [id] });
    const parsed = found && parseJourney(found.definition);
    return parsed?.ok ? placesOf(parsed.journey) : undefined;
  }
}
