export { IngestModule } from './ingest.module';
export { IngestWriter, type IngestRequest, type Receipt } from './ingest-writer';
export { IngestStore, type LogEntry } from './ingest.store';
export { type Accepted, IngestSignal } from './ingest-signal';
export { IngestLog, type LogChunk, type LoggedItem } from './ingest-log';
export type { IngestItem, ItemPlace, ItemType, ParsedItem, Refusal } from './ingest-item';
export { parseItem } from './parse-item';
export { dropDuplicates, seenMessages } from './message-seen';
export { redactLog } from './redact-log';
