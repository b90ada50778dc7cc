import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Problem } from '@percorso/kernel';
import { bodyTimeout, tooLarge, underPressure, unreadable, unsupportedEncoding } from './ingest-problems';
import { MAX_BODY_BYTES } from './limits';

type Inflate = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** "deflate" means zlib's format, yet some clients send it bare. */
const deflate: Inflate = (bytes, options) =>
  ((bytes[0] ?? 0) & 0x0f) === 8 ? promisify(inflate)(bytes, options) : promisify(inflateRaw)(bytes, options);

const INFLATE: Record<string, Inflate> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate,
  br: promisify(brotliDecompress),
};

const LIMIT_TEXT = `The body may have ${MAX_BODY_BYTES} bytes, before and after decompression.`;

/** The refusal of a body by its declared length, before a byte of it is read. */
export function declaredTooLong(headers: IncomingHttpHeaders): Problem | undefined {
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? tooLarge(LIMIT_TEXT) : undefined;
}

/**
 * All bytes of a body as sent; at most the limit is ever held. `take` says whether so many more bytes may be kept
 * (refused: 429), `deadlineMs` bounds a body that trickles in (408).
 */
export function readBytes(
  stream: Readable,
  take: (bytes: number) => boolean,
  deadlineMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => finish(() => reject(bodyTimeout())), deadlineMs);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) finish(() => reject(tooLarge(LIMIT_TEXT)));
      else if (!take(chunk.length)) finish(() => reject(underPressure()));
      else chunks.push(chunk);
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
    const onError = (): void => finish(() => reject(unreadable('body-aborted', 'The body ended early.')));
    const onClose = (): void => finish(() => reject(unreadable('body-aborted', 'The body ended early.')));
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

/** Undo Content-Encoding. What would inflate past the limit is refused having inflated no more than the limit. */
export async function inflateBody(bytes: Buffer, contentEncoding: string | undefined): Promise<Buffer> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return bytes;
  const undo = INFLATE[encoding];
  if (!undo) throw unsupportedEncoding();
  try {
    return await undo(bytes, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(LIMIT_TEXT);
    throw unreadable('bad-encoding', `The body is not valid ${encoding}.`);
  }
}
