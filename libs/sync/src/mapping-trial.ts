import { Inject, Injectable } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { ProfileReader } from '@percorso/profile';
import { MembershipLog } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { inputDocument } from './input-document';
import type { TryMapping, TryResult, TryView } from './mapping.dto';
import { findMapping } from './mapping.store';
import { type Change, type Connector, planRow } from './plan-row';
import { audienceName } from './sync.store';

const NO_ID = '00000000-0000-0000-0000-000000000000';
const NO_AUDIENCE = { id: NO_ID, name: 'trial' };
/** Where a trial names no connector, nothing is asked of what a mapping gives but what it asks itself. */
const ANYWHERE: Connector = { kind: 'campaign', capabilities: {}, required: [] };

/** One input of a trial; without a document it was asked for and is not there. */
interface Input {
  profileId?: string;
  document?: object;
}

/** Maps real profiles and made-up documents, and says which of them would not be sent and why. */
@Injectable()
export class MappingTrial {
  constructor(
    private readonly database: Database,
    private readonly runner: MappingRunner,
    private readonly profiles: ProfileReader,
    private readonly log: MembershipLog,
    private readonly connectors: ConnectorRuntime,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async try(workspaceId: string, dto: TryMapping): Promise<TryView> {
    const { mapping, inputs } = await this.database.tx(workspaceId, async (tx) => ({
      mapping: dto.mappingId === undefined ? undefined : await findMapping(tx, dto.mappingId),
      inputs: [...(await this.named(tx, dto.profileIds)), ...(await this.members(tx, dto))],
    }));
    if (dto.mappingId !== undefined && !mapping) throw Problem.notFound('Mapping');
    const expression = mapping?.expression ?? dto.expression;
    if (expression === undefined) {
      throw Problem.invalid([
        { pointer: '/expression', code: 'required', message: 'Give an expression or a mappingId.' },
      ]);
    }
    const required = dto.required ?? mapping?.required ?? [];
    const connector =
      dto.connectorId === undefined ? ANYWHERE : await this.connectors.describe(workspaceId, dto.connectorId);
    const all: Input[] = [...inputs, ...dto.documents.map((document) => ({ document }))];
    const mapped = all.flatMap(({ document }) => document ?? []);
    const results = await this.runner.run(expression, mapped);
    let next = 0;
    return {
      results: all.map(({ profileId, document }): TryResult => {
        const of = profileId === undefined ? {} : { profileId };
        if (!document) return { ...of, ...NOT_FOUND };
        const result = results[next++]!;
        const { dropped } = planRow(SOMEBODY, result, required, connector, undefined);
        return { ...of, ...result, ...(dropped ? { dropped } : {}) };
      }),
    };
  }

  private async named(tx: Transaction, profileIds: readonly string[]): Promise<Input[]> {
    if (profileIds.length === 0) return [];
    const now = this.clock.now();
    const { rows } = await tx.query<{ person: number }>(
      'SELECT person FROM profile WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
      [tx.workspaceId, profileIds],
    );
    const documents = await this.profiles.documents(
      tx,
      rows.map(({ person }) => person),
    );
    const byId = new Map([...documents.values()].map((document) => [document.id, document]));
    return profileIds.map((profileId) => {
      const profile = byId.get(profileId);
      return {
        profileId,
        document: profile && inputDocument(profile, NO_AUDIENCE, { ...SOMEBODY, since: now }, now),
      };
    });
  }

  /** The first members of an audience, as a run would see them. */
  private async members(tx: Transaction, { audienceId, members: limit }: TryMapping): Promise<Input[]> {
    if (audienceId === undefined) return [];
    const name = await audienceName(tx, audienceId);
    if (name === undefined) throw Problem.notFound('Audience');
    const now = this.clock.now();
    const members = await this.log.members(tx, { audienceId, afterPerson: 0, limit });
    const documents = await this.profiles.documents(
      tx,
      members.map(({ person }) => person),
    );
    return members.flatMap(({ person, profileId, version, since }): Input[] => {
      const profile = documents.get(person);
      if (!profile) return [];
      const membership = { op: 'enter', version, since } as const;
      return [{ profileId, document: inputDocument(profile, { id: audienceId, name }, membership, now) }];
    });
  }
}

const NOT_FOUND = { error: { code: 'profile-not-found', message: 'There is no such profile.' } };
const SOMEBODY: Change = { person: 0, profileId: NO_ID, op: 'enter', version: 1, since: new Date(0) };
