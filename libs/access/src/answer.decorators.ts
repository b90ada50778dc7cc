import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
} from '@nestjs/swagger';
import { PageAnswer } from './described';
import { Scopes } from './scopes.decorator';

/**
 * What almost every route says beside its verb and path: what scopes it needs, what it does, and what it answers with; the
 * type is left out where no class describes that. A route that has more to say says all of it in Nest's own words.
 */
type Said = (scopes: Needed, summary: string, type?: Type, description?: string) => MethodDecorator;

/** One scope, or several as `Scopes` takes them. */
type Needed = string | [string, ...string[]];

type Documented = (answer: { type: Type; description?: string }) => MethodDecorator;

const needs = (scopes: Needed): MethodDecorator =>
  typeof scopes === 'string' ? Scopes(scopes) : Scopes(...scopes);

const said =
  (status: number, documented: Documented): Said =>
  (scopes, summary, type, description) =>
    applyDecorators(
      needs(scopes),
      HttpCode(status),
      ApiOperation({ summary }),
      ...(type ? [documented({ type, description })] : []),
    );

/** 200: a thing, or what came of an action. */
export const Answers = said(200, ApiOkResponse);

/** 200: a `Page` of things. */
export const AnswersPage = said(200, ({ type, description = '' }) => PageAnswer(type, description));

/** 201: what was made. */
export const Creates = said(201, ApiCreatedResponse);

/** 202: what has begun and ends later. */
export const Begins = said(202, ApiAcceptedResponse);

/** 204; the description says what there is no more. */
export const Removes = (scopes: Needed, summary: string, description?: string): MethodDecorator =>
  applyDecorators(
    needs(scopes),
    HttpCode(204),
    ApiOperation({ summary }),
    ...(description === undefined ? [] : [ApiNoContentResponse({ description })]),
  );
