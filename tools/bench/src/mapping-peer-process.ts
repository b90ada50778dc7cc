import { PAYLOADS } from './mapping-payloads';
import type { MemberDocument } from './mapping-profiles';

/** A batch for the peer: as the hub's own children get it, with the mapping by its number. */
export interface PeerRequest {
  mapping: number;
  /** JSON text of a list. */
  documents: string;
}

// Hand-written mappings in a process of their own: what a child process costs by itself.
process.on('disconnect', () => process.exit(0));
process.on('message', ({ mapping, documents }: PeerRequest) => {
  const { byHand } = PAYLOADS[mapping]!;
  process.send?.(
    (JSON.parse(documents) as MemberDocument[]).map((document) => JSON.stringify(byHand(document))),
  );
});
