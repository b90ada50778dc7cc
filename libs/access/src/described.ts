import { applyDecorators, Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

/** Documents a list: `Page` of `item`. */
export const PageAnswer = (item: Type, description: string): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(item),
    ApiResponse({
      status: 200,
      description,
      headers: { Link: { description: 'RFC 8288: the next page.', schema: { type: 'string' } } },
      schema: {
        type: 'object',
        required: ['data', 'next'],
        properties: {
          data: { type: 'array', items: { $ref: getSchemaPath(item) } },
          next: { type: ['string', 'null'] as unknown as string, description: 'Cursor of the next page.' },
        },
      },
    }),
  );
