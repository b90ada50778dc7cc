export { AccessModule } from './access.module';
export type { AccessOptions } from './access-options';
export type { AccessContext, AccessRequest } from './access-context';
export {
  ALL_SCOPES,
  allows,
  INGEST_SCOPE,
  INSTANCE_SCOPE,
  PUBLIC,
  Public,
  SCOPES,
  Scopes,
} from './scopes.decorator';
export { Actor, Caller, Workspace } from './request.decorators';
export { assertVersion, Etag, IfMatch, IfMatchOfExisting } from './etag';
export { decodeCursor, encodeCursor, signCursorsWith } from './cursor';
export { type Page, pageOf, PageQuery, readPage, readPageById } from './page';
export { audit } from './audit';
export { sourcesCalled } from './sources-called';
export { WORKSPACE_HOOKS, type WorkspaceHook } from './workspace-hooks';
export { type AuthenticatedKey, KeyService, type KeyView, type NewKey } from './key.service';
export { type KeyKind, newSecret } from './key-format';
export { findUnstorable, pointerStep } from './json-value';
export { fieldErrors } from './request.pipe';
export { asProblem } from './as-problem';
export {
  BODY_LIMIT,
  configureHttp,
  createHttpAdapter,
  type HttpOptions,
  parseJson,
  serveModule,
} from './configure-http';
export { readBytes, readRows, ROW_LIMITS, type Row, rowsOf, StreamsRows } from './row-stream';
export { WorkspaceService } from './workspace.service';
export { CreatedWorkspace, CreateWorkspace, WorkspaceSettings, WorkspaceView } from './workspace.dto';
export { PageAnswer } from './described';
export { Answers, AnswersPage, Begins, Creates, Removes } from './answer.decorators';
export { hashWith, keyedHash } from './keyed-hash';
export { QuotesPersons } from './quotes-persons.decorator';
