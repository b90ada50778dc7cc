import { SetMetadata } from '@nestjs/common';

export const SCOPES = Symbol('percorso:scopes');
export const PUBLIC = Symbol('percorso:public');

/** Scope of the operator's root key: workspaces come and go by it. */
export const INSTANCE_SCOPE = 'instance';
/** Scope of every write key: sending customer data, nothing else. */
export const INGEST_SCOPE = 'ingest:write';
/** Every scope of one workspace. */
export const ALL_SCOPES = '*';

/**
 * Who may call this route: keys with all of the scopes, `<resource>:read|write` or `ingest:write`. `instance` among them
 * lets the operator's root key in besides.
 */
export const Scopes = (...scopes: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  SetMetadata(SCOPES, scopes);

/** Open to anybody, without a key. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/** Whether a key of the scopes `granted` may do what needs `required`. `*` stands for all scopes of a workspace. */
export function allows(granted: readonly string[], required: readonly string[]): boolean {
  if (granted.includes(INSTANCE_SCOPE)) return required.includes(INSTANCE_SCOPE);
  const needed = required.filter((scope) => scope !== INSTANCE_SCOPE);
  return (
    needed.length > 0 && needed.every((scope) => granted.includes(scope) || granted.includes(ALL_SCOPES))
  );
}
