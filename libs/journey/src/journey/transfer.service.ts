import { Injectable } from '@nestjs/common';
import { type FieldError, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { arrangeJourney } from '../definition/arrange-journey';
import { parseJourney } from '../definition/parse-journey';
import { placesOf } from '../definition/places';
import { JourneyCheck } from './journey-check';
import { JourneyService } from './journey.service';
import { ReferenceStore } from './reference.store';
import { audiencesIn, type Reference, type ReferenceKind, valueAt, withValues } from './transfer';
import { FORMAT, type ImportedJourney, type JourneyExport, type ReferenceView } from './transfer.dto';
import { VersionService } from './version.service';

interface Candidate {
  id: string;
  name: string;
  plugin?: string;
}

const AT = '/definition';
/** Audiences may use others: no deeper than conditions may nest. */
const MOST_LEVELS = 64;

/** Takes journeys out of a workspace and into one, where what they refer to has other ids. */
@Injectable()
export class TransferService {
  constructor(
    private readonly database: Database,
    private readonly service: JourneyService,
    private readonly versions: VersionService,
    private readonly references: ReferenceStore,
    private readonly check: JourneyCheck,
  ) {}

  export(workspaceId: string, id: string, version?: number): Promise<JourneyExport> {
    return this.database.tx(workspaceId, async (tx) => {
      const { name, description } = await this.service.existing(tx, id);
      const definition = arrangeJourney((await this.versions.chosen(tx, id, version)).definition);
      const named = referencesIn(definition);
      const ids = (kind: ReferenceKind): string[] => idsOf(named.filter((one) => one.kind === kind));
      const connectors = await this.references.connectors(tx, { ids: ids('connector') });
      const journeys = await this.references.journeys(tx, { ids: ids('journey') });
      return {
        format: FORMAT,
        name,
        description,
        definition,
        references: {
          audiences: await this.audiences(tx, ids('audience')),
          connectors: connectors.map(({ id: of, name: called, plugin }) => ({
            id: of,
            name: called,
            plugin,
          })),
          journeys: journeys.map(({ id: of, name: called }) => ({ id: of, name: called })),
        },
      };
    });
  }

  /** @throws Problem 422 naming every reference that is nothing here, unless `dryRun` */
  async import(
    workspaceId: string,
    actor: string,
    file: JourneyExport,
    dryRun: boolean,
  ): Promise<ImportedJourney> {
    const parsed = parseJourney(file.definition);
    if (!parsed.ok) throw invalid(parsed.errors, 'The journey has mistakes.');
    const references = await this.database.tx(workspaceId, (tx) => this.resolve(tx, file));
    if (dryRun) return { journey: null, references };
    const lost = references.filter(({ resolved }) => resolved === null);
    if (lost.length > 0)
      throw Problem.invalid(lost.map(unresolved), 'What the journey refers to is not here.');
    const known = references.map(
      ({ pointer, resolved }) => [pointer.slice(AT.length), resolved] as [string, string | null],
    );
    const id = newId();
    const read = await this.check.require(withValues(file.definition, new Map(known)), AT, id);
    const journey = await this.database.tx(workspaceId, (tx) =>
      this.service.insert(tx, actor, id, file, read),
    );
    return { journey, references };
  }

  private async resolve(
    tx: Transaction,
    { definition, references: told }: JourneyExport,
  ): Promise<ReferenceView[]> {
    const named = referencesIn(definition);
    const views: ReferenceView[] = [];
    for (const kind of ['audience', 'connector', 'journey'] as const) {
      const own = named.filter((one) => one.kind === kind);
      const list: readonly Candidate[] = told[`${kind}s`];
      const tell = new Map(list.map((one) => [one.id, one]));
      const byId = await this.candidates(tx, kind, { ids: idsOf(own) });
      const byName = await this.candidates(tx, kind, { names: [...tell.values()].map(({ name }) => name) });
      for (const { pointer, id } of own) {
        const one = tell.get(id);
        const same = byId.find((candidate) => candidate.id === id && isAlike(candidate, one));
        const alike = byName.filter((candidate) => candidate.name === one?.name && isAlike(candidate, one));
        const only = alike.length === 1 ? alike[0] : undefined;
        const found = same ?? only;
        views.push({
          kind,
          pointer: AT + pointer,
          id,
          name: one?.name ?? null,
          resolved: found?.id ?? null,
          by: same ? 'id' : only ? 'name' : null,
        });
      }
    }
    return views;
  }

  private candidates(
    tx: Transaction,
    kind: ReferenceKind,
    by: { ids: readonly string[] } | { names: readonly string[] },
  ): Promise<Candidate[]> {
    if (kind === 'audience') return this.references.audiences(tx, by);
    return kind === 'connector' ? this.references.connectors(tx, by) : this.references.journeys(tx, by);
  }

  /** With those that they use. */
  private async audiences(tx: Transaction, ids: readonly string[]) {
    const found = new Map<string, { id: string; name: string; definition: object }>();
    let wanted = [...ids];
    for (let level = 0; wanted.length > 0 && level < MOST_LEVELS; level++) {
      for (const one of await this.references.audiences(tx, { ids: wanted })) found.set(one.id, one);
      const used = wanted.flatMap((id) => audiencesIn(found.get(id)?.definition, ''));
      wanted = idsOf(used).filter((id) => !found.has(id));
    }
    return [...found.values()];
  }
}

/** Everything that a definition names by its id, in the order of kinds. */
function referencesIn(definition: object): Reference[] {
  const parsed = parseJourney(definition);
  if (!parsed.ok) return [];
  const { audiences, connectors, journeys, conditions } = placesOf(parsed.journey);
  const of = (kind: ReferenceKind, places: readonly { pointer: string; id: string }[]): Reference[] =>
    places.map(({ pointer, id }) => ({ kind, pointer, id }));
  return [
    ...of('audience', audiences),
    ...conditions.flatMap(({ pointer }) => audiencesIn(valueAt(definition, pointer), pointer)),
    ...of('connector', connectors),
    ...of('journey', journeys),
  ];
}

/** Of the same plugin, where that is known: another cannot take what was written for it. */
const isAlike = (candidate: Candidate, told: Candidate | undefined): boolean =>
  told?.plugin === undefined || candidate.plugin === told.plugin;

const idsOf = (references: readonly { id: string }[]): string[] => [
  ...new Set(references.map(({ id }) => id)),
];

const unresolved = ({ pointer, kind, name }: ReferenceView): FieldError => ({
  pointer,
  code: 'unresolved',
  message: `There is no ${kind} with this id here, nor a single one with the name ${JSON.stringify(name)}.`,
});

const invalid = (errors: readonly FieldError[], detail: string): Problem =>
  Problem.invalid(
    errors.map((error) => ({ ...error, pointer: AT + error.pointer })),
    detail,
  );
