import { Injectable } from '@nestjs/common';
import type { FieldError } from '@percorso/kernel';
import { AudienceService } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { parseJourney } from '../definition/parse-journey';
import { type Places, placesOf } from '../definition/places';
import { hasList, type KnownJourney, ReferenceStore } from './reference.store';

/** Whether everything that a journey refers to is there and can do what it is to do. */
@Injectable()
export class ReferenceCheck {
  constructor(
    private readonly references: ReferenceStore,
    private readonly audiences: AudienceService,
  ) {}

  /** Every reference that does not hold, by its pointer into the definition. `self`: the journey's id, if it has one. */
  async mistakes(tx: Transaction, journey: JourneyDefinition, self?: string): Promise<FieldError[]> {
    const places = placesOf(journey);
    return [
      ...(await this.ofAudiences(tx, places)),
      ...(await this.ofConditions(tx, places)),
      ...(await this.ofConnectors(tx, places)),
      ...(await this.ofJourneys(tx, journey, places, self)),
    ];
  }

  private async ofAudiences(tx: Transaction, { audiences }: Places): Promise<FieldError[]> {
    const found = await this.references.audiences(tx, { ids: idsOf(audiences) });
    const known = new Map(found.map((one) => [one.id, one]));
    return audiences.flatMap(({ pointer, id, needsList }) => {
      const one = known.get(id);
      if (!one) return [mistake(pointer, 'unknown-audience', 'There is no active audience with this id.')];
      if (!needsList || hasList(one)) return [];
      return [
        mistake(pointer, 'no-list', 'This audience has no uploaded list: it has no condition imported.'),
      ];
    });
  }

  private async ofConditions(tx: Transaction, { conditions }: Places): Promise<FieldError[]> {
    const errors: FieldError[] = [];
    for (const { pointer, condition } of conditions) {
      const checked = await this.audiences.checkCondition(tx, condition);
      errors.push(...checked.errors.map((error) => ({ ...error, pointer: pointer + error.pointer })));
    }
    return errors;
  }

  private async ofConnectors(tx: Transaction, { connectors }: Places): Promise<FieldError[]> {
    const found = await this.references.connectors(tx, { ids: idsOf(connectors) });
    const known = new Map(found.map((one) => [one.id, one]));
    return connectors.flatMap(({ pointer, id, use }) => {
      const one = known.get(id);
      if (!one) return [mistake(pointer, 'unknown-connector', 'There is no connector with this id.')];
      if (one.capabilities?.includes(use)) return [];
      return [mistake(pointer, 'unsupported', `The plugin ${one.plugin} of this connector cannot ${use}.`)];
    });
  }

  private async ofJourneys(
    tx: Transaction,
    journey: JourneyDefinition,
    { journeys }: Places,
    self: string | undefined,
  ): Promise<FieldError[]> {
    const others = idsOf(journeys).filter((id) => id !== self);
    const found = new Map((await this.references.journeys(tx, { ids: others })).map((one) => [one.id, one]));
    return journeys.flatMap(({ pointer, id }) => {
      const target = id === self ? journey : readable(found.get(id));
      if (!target) return [mistake(pointer, 'unknown-journey', 'There is no journey with this id.')];
      if (!target.entries.some(({ kind }) => kind === 'api')) {
        return [mistake(pointer, 'no-entry', 'That journey has no api entry, through which a jump goes.')];
      }
      if (target.key === undefined || journey.key !== undefined) return [];
      return [mistake(pointer, 'no-key', 'That journey has a key, and this one has none to take along.')];
    });
  }
}

function readable(known: KnownJourney | undefined): JourneyDefinition | undefined {
  const parsed = known && parseJourney(known.definition);
  return parsed?.ok ? parsed.journey : undefined;
}

const idsOf = (places: readonly { id: string }[]): string[] => [...new Set(places.map(({ id }) => id))];
const mistake = (pointer: string, code: string, message: string): FieldError => ({ pointer, code, message });
