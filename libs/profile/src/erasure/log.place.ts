import { Injectable } from '@nestjs/common';
import { loadNamespaces } from '@percorso/identity';
import { IngestLog, LogChunk, parseItem, redactLog } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { hashText, identityHash } from './identity-hash';
import { ErasurePlace, OpenErasure, PlaceStep } from './erasure-place';
import { namedIdentities } from './named-identities';
import { tombstonesOf } from './tombstone.store';

const PAGE = 200;
/** Milliseconds of reading in one transaction. */
const BUDGET_MS = 100;

type Request = LogChunk & { partition: number; pos: number };

/** Requests in the ingest log: what names the person is taken out, applied or not. Later ones are met when applied. */
@Injectable()
export class LogPlace implements ErasurePlace {
  readonly name = 'ingest-log';

  constructor(private readonly log: IngestLog) {}

  async step(tx: Transaction, erasure: OpenErasure, progress: unknown): Promise<PlaceStep> {
    let at = (progress ?? { partition: -1, pos: 0 }) as { partition: number; pos: number };
    const hashes = await tombstonesOf(tx, erasure.id);
    const namespaces = await loadNamespaces(tx);
    const requests = await this.log.requests(tx, at, PAGE);
    const until = performance.now() + BUDGET_MS;
    const names = (request: Request): number[] =>
      request.items
        .filter((item) => !item.erased)
        .filter(({ value, pos, bytes }) => {
          const place = { ...request, pos, size: bytes.length };
          return namedIdentities(parseItem(value, place), () => value, namespaces).some((claim) =>
            hashes.has(hashText(identityHash(tx.workspaceId!, claim))),
          );
        })
        .map(({ pos }) => pos);
    let count = 0;
    let read = 0;
    for (const request of requests) {
      const found = names(request);
      await redactLog(tx, request.partition, found);
      count += found.length;
      read += 1;
      at = { partition: request.partition, pos: request.pos };
      if (performance.now() > until) break;
    }
    const isLast = read === requests.length && requests.length < PAGE;
    return { count, state: isLast ? 'done' : 'more', progress: at };
  }
}
