import { FileHandle, open } from 'node:fs/promises';
import type { LogEntry } from '@percorso/ingest';

const HEAD_BYTES = 8;

/** The peer: entries appended to one file, all that wait together under one fdatasync. */
export class AppendLogStore {
  private head = 0;

  private constructor(private readonly file: FileHandle) {}

  static async open(path: string): Promise<AppendLogStore> {
    return new AppendLogStore(await open(path, 'a'));
  }

  async append(_workspaceId: string, _partition: number, entries: readonly LogEntry[]): Promise<number> {
    const first = this.head + 1;
    const parts: Buffer[] = [];
    for (const { payload, count } of entries) {
      const head = Buffer.allocUnsafe(HEAD_BYTES);
      head.writeUInt32BE(payload.length, 0);
      head.writeUInt32BE(count, 4);
      parts.push(head, payload);
      this.head += count;
    }
    // One write, since Node's appendFile cuts long ones into pieces between which another append may come.
    const bytes = Buffer.concat(parts);
    const { bytesWritten } = await this.file.write(bytes);
    if (bytesWritten < bytes.length) throw new RangeError('the log took only a part of an entry');
    await this.file.datasync();
    return first;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** Events in the file; throws when a frame is not whole. */
export function countEvents(bytes: Buffer): number {
  let events = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    const count = bytes.readUInt32BE(at + 4);
    const items: unknown = JSON.parse(bytes.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + length));
    if (!Array.isArray(items) || items.length !== count) throw new RangeError(`the log is broken at ${at}`);
    events += count;
    at += HEAD_BYTES + length;
  }
  return events;
}
