import { Injectable } from '@nestjs/common';
import { AudienceService } from '@percorso/segmentation';
import type { LeftOut } from './eligibility';
import type { ExportCursor } from './export-cursor';
import type { ExportFormat } from './export-format';
import { type ExportPage, ExportReader, type ExportRequest } from './export.reader';
import type { RowWriter } from './row-writer';

/** Rows read at a time when the reader asked for no page size. */
const STREAM_PAGE = 2000;

export interface StreamedExport {
  text: AsyncGenerator<string>;
  /** Where to go on after the stream, known before its first row. */
  next: ExportCursor;
  more: boolean;
  /** Complete when the stream has ended. */
  leftOut: LeftOut;
}

@Injectable()
export class ExportService {
  constructor(
    private readonly reader: ExportReader,
    private readonly audiences: AudienceService,
  ) {}

  /** @throws Problem 404 */
  async requireAudience(request: ExportRequest): Promise<void> {
    await this.audiences.get(request.workspaceId, request.audienceId);
  }

  start(request: ExportRequest): Promise<ExportCursor> {
    return this.reader.start(request);
  }

  /** Deltas after `until` are left for the next reading. */
  page(request: ExportRequest, cursor: ExportCursor, limit: number, until?: number): Promise<ExportPage> {
    return cursor.of === 'members'
      ? this.reader.members(request, cursor, limit)
      : this.reader.deltas(request, cursor, limit, until);
  }

  /** One page as text when `limit` is given, else everything, read as fast as it is taken. */
  async stream(
    request: ExportRequest,
    cursor: ExportCursor,
    limit: number | undefined,
    format: Exclude<ExportFormat, 'json'>,
    writer: RowWriter,
  ): Promise<StreamedExport> {
    const first = await this.page(request, cursor, limit ?? STREAM_PAGE);
    const leftOut: LeftOut = { consent: 0, suppression: 0 };
    const whole = limit === undefined;
    return {
      text: this.lines(request, first, whole, format, writer, leftOut),
      next: whole ? first.end : first.next,
      more: !whole && first.more,
      leftOut,
    };
  }

  private async *lines(
    request: ExportRequest,
    first: ExportPage,
    whole: boolean,
    format: Exclude<ExportFormat, 'json'>,
    writer: RowWriter,
    leftOut: LeftOut,
  ): AsyncGenerator<string> {
    if (format === 'csv') yield writer.header();
    for (let page = first; ; page = await this.page(request, page.next, STREAM_PAGE, first.end.pos)) {
      let text = '';
      for (const row of page.rows) text += format === 'csv' ? writer.record(row) : writer.jsonLine(row);
      leftOut.consent += page.leftOut.consent;
      leftOut.suppression += page.leftOut.suppression;
      if (text) yield text;
      if (!whole || !page.more) return;
    }
  }
}
