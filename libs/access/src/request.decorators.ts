import { createParamDecorator, ExecutionContext } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { AccessContext, AccessRequest } from './access-context';

function callerOf(context: ExecutionContext): AccessContext {
  const access = context.switchToHttp().getRequest<AccessRequest>().access;
  if (!access) throw new Problem({ status: 401, code: 'key-missing', title: 'A key is required' });
  return access;
}

/** The workspace of the presented key: the only one this request may touch. */
export const Workspace = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { workspaceId } = callerOf(context);
  if (workspaceId === undefined) {
    throw new Problem({
      status: 403,
      code: 'workspace-key-required',
      title: 'This route belongs to a workspace',
      detail: 'The root key belongs to no workspace: use an API key of the workspace.',
    });
  }
  return workspaceId;
});

/** The caller's name in audit rows: `key:<id>` or `root`. */
export const Actor = createParamDecorator(
  (_: unknown, context: ExecutionContext): string => callerOf(context).actor,
);

/** The caller, for routes that serve the operator and a workspace alike. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): AccessContext =>
  callerOf(context),
);
