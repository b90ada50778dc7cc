import { PickType } from '@nestjs/swagger';
import { RunView } from './sync.dto';

/** What an event of a progress stream carries. */
export class RunProgressView extends PickType(RunView, [
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
]) {}

export const runProgressOf = ({
  id,
  syncId,
  state,
  paused,
  progress,
  expected,
  looked,
  counts,
  estimatedEndAt,
  error,
  endedAt,
}: RunView): RunProgressView => ({
  id,
  syncId,
  state,
  paused,
  progress,
  expected,
  looked,
  counts,
  estimatedEndAt,
  error,
  endedAt,
});
