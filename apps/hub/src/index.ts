export { createHub } from './create-hub';
export type { HubOptions } from './hub-options';
export { openApiDocument } from './openapi/document';
