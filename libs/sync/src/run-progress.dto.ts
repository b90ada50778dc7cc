import { PickType } from '@nestjs/swagger';
import { RunView } from './sync.dto';

const TOLD = [
  'id',
  'syncId',
  'state',
  'paused',
  'progress',
  'expected',
  'looked',
  'counts',
  'estimatedEndAt',
  'error',
  'endedAt',
] as const;

/** What an event of a progress stream carries. */
export class RunProgressView extends PickType(RunView, TOLD) {}

export const runProgressOf = (run: RunView): RunProgressView =>
  Object.fromEntries(TOLD.map((name) => [name, run[name]])) as unknown as RunProgressView;
