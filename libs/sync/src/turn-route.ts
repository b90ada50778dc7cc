import { applyDecorators, HttpCode, Post, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Scopes } from '@percorso/access';

/** A POST that holds something, lets it go on or ends it, and answers with it. */
export const TurnRoute = (path: string, summary: string, type: Type): MethodDecorator =>
  applyDecorators(
    Post(path),
    Scopes('syncs:write'),
    HttpCode(200),
    ApiOperation({ summary }),
    ApiOkResponse({ type }),
  );
