import type { INestApplication } from '@nestjs/common';
import { OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { openApiDocument } from './document';

/** `/openapi.json` and, for people, `/docs`. */
export function serveOpenApi(app: INestApplication): void {
  let document: OpenAPIObject | undefined;
  const once = (): OpenAPIObject => (document ??= openApiDocument(app));
  SwaggerModule.setup('docs', app, once, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Percorso API',
  });
}
