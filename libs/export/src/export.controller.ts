import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Scopes, Workspace } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { LeftOut, Use } from './eligibility';
import { type ExportCursor, readCursor } from './export-cursor';
import { chooseFormat, CONTENT_TYPES } from './export-format';
import { ExportLinks, type Continuation, linkHeader } from './export-links';
import { EXPORT_OPTIONS, type ExportOptions } from './export.options';
import { ExportQuery } from './export.dto';
import { ExportService, type StreamedExport } from './export.service';
import { selectFields } from './field-selection';
import { RowWriter } from './row-writer';

const JSON_PAGE = 1000;
const LEFT_OUT = 'Percorso-Left-Out';

const useOf = ({ channel, purpose }: ExportQuery): Use | undefined => {
  if (channel !== undefined) return { channel, ...(purpose === undefined ? {} : { purpose }) };
  if (purpose === undefined) return undefined;
  throw Problem.invalid([
    { pointer: 'channel', code: 'required', message: 'is needed together with purpose' },
  ]);
};

const countText = ({ consent, suppression }: LeftOut): string =>
  `consent=${consent}, suppression=${suppression}`;

// How many were left out is known after the last row. Fastify's own trailers come too late for a stream that is piped.
async function* withCount({ text, leftOut }: StreamedExport, reply: FastifyReply): AsyncGenerator<string> {
  yield* text;
  reply.raw.addTrailers({ [LEFT_OUT]: countText(leftOut) });
}

/** What campaign tools pull: everybody in an audience, and from then on what changed. */
@ApiTags('Exports')
@Controller('v1/audiences')
export class ExportController {
  constructor(
    private readonly exports: ExportService,
    @Inject(EXPORT_OPTIONS) private readonly options: ExportOptions,
  ) {}

  @Get(':id/members')
  @Scopes('audiences:read')
  @ApiOperation({ summary: 'Read the members of an audience' })
  @ApiProduces('application/json', 'application/x-ndjson', 'text/csv')
  @ApiResponse({
    status: 200,
    description: 'Members, and where to go on: nextLink or, at the end, deltaLink.',
  })
  @ApiResponse({
    status: 410,
    description: 'The cursor has expired; Location is where to read everything anew.',
  })
  async members(
    @Workspace() workspaceId: string,
    @Param('id') audienceId: string,
    @Query() query: ExportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.answer('members', workspaceId, audienceId, query, request, reply);
  }

  @Get(':id/deltas')
  @Scopes('audiences:read')
  @ApiOperation({ summary: 'Read who entered and left since a cursor' })
  @ApiProduces('application/json', 'application/x-ndjson', 'text/csv')
  @ApiResponse({ status: 200, description: 'Changes in order, and where to go on: nextLink or deltaLink.' })
  @ApiResponse({
    status: 410,
    description: 'The cursor has expired; Location is where to read everything anew.',
  })
  async deltas(
    @Workspace() workspaceId: string,
    @Param('id') audienceId: string,
    @Query() query: ExportQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.answer('deltas', workspaceId, audienceId, query, request, reply);
  }

  private async answer(
    of: ExportCursor['of'],
    workspaceId: string,
    audienceId: string,
    query: ExportQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const format = chooseFormat(query.format, request.headers.accept);
    const fields = selectFields(query.fields);
    const use = useOf(query);
    const wanted = { workspaceId, audienceId, fields, ...(use ? { use } : {}) };
    const links = new ExportLinks(request, this.options.publicUrl);
    await this.exports.requireAudience(wanted);
    const cursor = await this.cursor(of, query.cursor, audienceId, () => this.exports.start(wanted));
    const writer = new RowWriter(of, fields, query.formulaGuard);
    const continuation = (next: ExportCursor, more: boolean): Continuation =>
      more ? { nextLink: links.to(next) } : { deltaLink: links.to(next) };
    void reply.header('Content-Type', CONTENT_TYPES[format]).header('Vary', 'Accept');
    try {
      if (format === 'json') {
        const page = await this.exports.page(wanted, cursor, query.pageSize ?? JSON_PAGE);
        const next = continuation(page.next, page.more);
        if (use) void reply.header(LEFT_OUT, countText(page.leftOut));
        const value = page.rows.map((row) => writer.object(row));
        await reply
          .header('Link', linkHeader(next))
          .send({ value, ...(use ? { leftOut: page.leftOut } : {}), ...next });
        return;
      }
      const stream = await this.exports.stream(wanted, cursor, query.pageSize, format, writer);
      void reply.header('Link', linkHeader(continuation(stream.next, stream.more)));
      if (use) void reply.header('Trailer', LEFT_OUT);
      const text = use ? withCount(stream, reply) : stream.text;
      await reply.send(Readable.from(text, { objectMode: false }));
    } catch (error) {
      void reply.removeHeader('Content-Type');
      if (error instanceof Problem && error.status === 410)
        void reply.header('Location', links.members(audienceId));
      throw error;
    }
  }

  private async cursor(
    of: ExportCursor['of'],
    text: string | undefined,
    audienceId: string,
    start: () => Promise<ExportCursor>,
  ): Promise<ExportCursor> {
    if (text !== undefined) return readCursor(text, of, audienceId);
    if (of === 'members') return start();
    throw Problem.invalid([
      { pointer: 'cursor', code: 'required', message: 'comes with the delta link of a full read' },
    ]);
  }
}
