import { SetMetadata } from '@nestjs/common';

export const SCOPES = Symbol('percorso:scopes');
export const PUBLIC = Symbol('percorso:public');

/** Scope of the operator's root key: workspaces come and go by it. */
export const INSTANCE_SCOPE = 'instance';
/** Scope of every write key: sending customer data, nothing else. */
export const INGEST_SCOPE = 'ingest:write';
/** Every scope of one workspace. */
export const ALL_SCOPES = '*';

/** Who may call this route: holders of any one of the scopes, `<resource>:read|write`, `ingest:write` or `instance`. */
export const Scopes = (...scopes: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  SetMetadata(SCOPES, scopes);

/** Open to anybody, without a key. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/** Whether `granted` includes one of `required`. `*` stands for all of a workspace's scopes, never for the instance. */
export function allows(granted: readonly string[], required: readonly string[]): boolean {
  return required.some(
    (scope) => granted.includes(scope) || (scope !== INSTANCE_SCOPE && granted.includes(ALL_SCOPES)),
  );
}
