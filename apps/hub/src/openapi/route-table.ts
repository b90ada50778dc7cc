import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { INestApplicationContext, RequestMethod, Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { PUBLIC, SCOPES } from '@percorso/access';

export interface Route {
  method: string;
  /** As OpenAPI writes it: `/v1/audiences/{id}`. */
  path: string;
  /** All of these are needed, or the root key where `instance` is among them; empty for an open route. */
  scopes: string[];
  open: boolean;
  controller: Type;
  handler: string;
}

/** Every route of the application with who may call it, read from the controllers themselves. */
export function routeTable(app: INestApplicationContext): Route[] {
  const discovery = app.get(DiscoveryService, { strict: false });
  const scanner = new MetadataScanner();
  const reflector = new Reflector();
  return discovery
    .getControllers()
    .flatMap(({ metatype }) => {
      const controller = metatype as Type;
      return scanner.getAllMethodNames(controller.prototype as object).flatMap((handler) => {
        const method = (controller.prototype as Record<string, () => unknown>)[handler];
        if (typeof method !== 'function') return [];
        const own: string | string[] | undefined = Reflect.getMetadata(PATH_METADATA, method);
        if (own === undefined) return [];
        const verb = RequestMethod[Reflect.getMetadata(METHOD_METADATA, method) as number] ?? 'GET';
        const prefixes = many(Reflect.getMetadata(PATH_METADATA, controller) as string | string[]);
        const open = reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [method, controller]) ?? false;
        const required =
          reflector.getAllAndOverride<string[] | undefined>(SCOPES, [method, controller]) ?? [];
        const scopes = open ? [] : required;
        return prefixes.flatMap((prefix) =>
          many(own).map((path) => ({
            method: verb,
            path: join(prefix, path),
            scopes,
            open,
            controller,
            handler,
          })),
        );
      });
    })
    .sort((a, b) => `${a.path} ${a.method}`.localeCompare(`${b.path} ${b.method}`));
}

const many = (paths: string | string[]): string[] => (Array.isArray(paths) ? paths : [paths]);

const join = (prefix: string, path: string): string =>
  `/${[prefix, path]
    .map((part) => part.replace(/^\/+|\/+$/g, ''))
    .filter(Boolean)
    .join('/')}`.replace(/:(\w+)/g, '{$1}');
