import { Injectable } from '@nestjs/common';
import { type ProfileDocument, ProfileReader } from '@percorso/profile';
import { type LogHead, type MembershipDelta, MembershipLog } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { Eligibility, type LeftOut, type Use } from './eligibility';
import { type ExportCursor, requireCurrent } from './export-cursor';
import { ExportUsage } from './export-usage';
import type { Field } from './field-selection';

export interface ExportRequest {
  workspaceId: string;
  audienceId: string;
  fields: readonly Field[];
  use?: Use;
}

/** A member, or somebody who is none any more. */
export type ExportRow =
  { id: string; values: unknown[]; at: Date } | { id: string; removed: string; at: Date };

export interface ExportPage {
  rows: ExportRow[];
  leftOut: LeftOut;
  /** Where the next page starts; `more` when it has rows already. */
  next: ExportCursor;
  more: boolean;
  /** Where everything there is now ends. */
  end: ExportCursor;
}

const REASONS: Record<string, string> = { merge: 'merged', erasure: 'erased' };

/** One page at a time, each in a short transaction: a reader of any speed holds nothing open. */
@Injectable()
export class ExportReader {
  constructor(
    private readonly database: Database,
    private readonly log: MembershipLog,
    private readonly profiles: ProfileReader,
    private readonly eligibility: Eligibility,
    private readonly usage: ExportUsage,
  ) {}

  /** Where a full read starts: deltas after this head complete it, whatever happens while it is read. */
  async start(request: ExportRequest): Promise<ExportCursor> {
    const { epoch, pos } = await this.database.tx(request.workspaceId, (tx) => this.log.head(tx));
    return { of: 'members', audienceId: request.audienceId, epoch, pos, afterPerson: 0 };
  }

  /** @throws Problem 410 for a cursor of an older epoch */
  async members(request: ExportRequest, cursor: ExportCursor, limit: number): Promise<ExportPage> {
    return this.database.tx(request.workspaceId, async (tx) => {
      requireCurrent(cursor, await this.log.head(tx));
      const found = await this.log.members(tx, {
        audienceId: request.audienceId,
        afterPerson: cursor.afterPerson ?? 0,
        limit: limit + 1,
      });
      const members = found.slice(0, limit);
      const known = await this.look(
        tx,
        request,
        members.map((member) => member.person),
      );
      const rows = members.flatMap(({ person, since }): ExportRow[] => {
        const document = known.documents.get(person);
        if (!document || known.leftOut.has(person)) return [];
        return [{ id: document.id, values: request.fields.map((field) => field.read(document)), at: since }];
      });
      const more = found.length > limit;
      const { afterPerson: _done, ...start } = cursor;
      const end: ExportCursor = { ...start, of: 'deltas' };
      const next = more ? { ...cursor, afterPerson: members.at(-1)?.person ?? 0 } : end;
      return { rows, leftOut: countReasons(known.leftOut), next, more, end };
    });
  }

  /** @throws Problem 410 for a cursor of an older epoch */
  async deltas(
    request: ExportRequest,
    cursor: ExportCursor,
    limit: number,
    until = Number.MAX_SAFE_INTEGER,
  ): Promise<ExportPage> {
    return this.database.tx(request.workspaceId, async (tx) => {
      const head: LogHead = await this.log.head(tx);
      requireCurrent(cursor, head);
      const end = { ...cursor, pos: Math.min(head.pos, until) };
      const range = { audienceId: request.audienceId, afterPos: cursor.pos, toPos: end.pos };
      const found = await this.log.deltas(tx, { ...range, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = lastOfEach(page);
      const entered = last.filter(({ op }) => op === 'enter').map(({ person }) => person);
      const known = await this.look(tx, request, entered);
      const rows = last.map((delta): ExportRow => {
        const { profileId: id, at, person, op } = delta;
        if (op === 'exit') return { id, removed: REASONS[delta.cause.kind] ?? 'exited', at };
        const reason = known.leftOut.get(person);
        if (reason) return { id, removed: reason, at };
        const document = known.documents.get(person);
        // Gone since: the delta that says so is on its way.
        if (!document) return { id, removed: 'exited', at };
        return { id, values: request.fields.map((field) => field.read(document)), at };
      });
      const more = found.length > limit;
      const next = more ? { ...cursor, pos: page.at(-1)?.pos ?? cursor.pos } : end;
      return { rows, leftOut: countReasons(known.leftOut), next, more, end };
    });
  }

  private async look(tx: Transaction, request: ExportRequest, persons: readonly number[]) {
    await this.usage.assertAllowed(tx, request);
    const documents: Map<number, ProfileDocument> = await this.profiles.documents(tx, persons);
    return { documents, leftOut: await this.eligibility.leftOut(tx, documents.values(), request.use) };
  }
}

/** Where a person came and went within one page, only the end counts. */
function lastOfEach(deltas: readonly MembershipDelta[]): MembershipDelta[] {
  const last = new Map(deltas.map((delta) => [delta.person, delta]));
  return deltas.filter((delta) => last.get(delta.person) === delta);
}

function countReasons(reasons: Map<number, keyof LeftOut>): LeftOut {
  const counts: LeftOut = { consent: 0, suppression: 0 };
  for (const reason of reasons.values()) counts[reason] += 1;
  return counts;
}
