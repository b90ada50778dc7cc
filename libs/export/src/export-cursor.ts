import { decodeCursor, encodeCursor } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import type { LogHead } from '@percorso/segmentation';

/** Where a reader stands: in the members of an audience (afterPerson), or in its deltas. Signed, so never made up. */
export interface ExportCursor {
  of: 'members' | 'deltas';
  audienceId: string;
  epoch: number;
  /** Deltas after this position are still to come. */
  pos: number;
  afterPerson?: number;
}

export const writeCursor = (cursor: ExportCursor): string => encodeCursor(cursor);

/** @throws Problem 400 for a cursor that was not handed out for this. */
export function readCursor(text: string, of: ExportCursor['of'], audienceId: string): ExportCursor {
  const cursor = decodeCursor<ExportCursor>(text);
  if (cursor.of === of && cursor.audienceId === audienceId) return cursor;
  throw new Problem({
    status: 400,
    code: 'cursor-invalid',
    title: 'Invalid cursor',
    detail: 'This cursor was handed out for something else.',
    errors: [{ pointer: 'cursor', code: 'cursor-invalid', message: 'belongs to another list' }],
  });
}

/** @throws Problem 410 when the log was restored since the cursor was handed out. */
export function requireCurrent(cursor: ExportCursor, head: LogHead): void {
  if (cursor.epoch === head.epoch && cursor.pos <= head.pos) return;
  throw new Problem({
    status: 410,
    code: 'delta-expired',
    title: 'This cursor has expired',
    detail:
      'The log was restored since. Read all members again and go on from the delta link that ends them.',
  });
}
