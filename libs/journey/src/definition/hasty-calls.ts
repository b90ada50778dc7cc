import type { FieldError } from '@percorso/kernel';
import type { JourneyDefinition } from './definition';
import { stepPointer } from './edges';

/** As long as delivery lets a provider take for one try: with less, what it answers in time would come too late. */
export const LEAST_TIMEOUT_MS = 20_000;
const MOST_TIMEOUT_MS = 86_400_000;

/** Calls that wait for less than one try, or for more than a day. Versions that were written before this was asked walk on. */
export const hastyCalls = ({ steps }: JourneyDefinition): FieldError[] =>
  Object.entries(steps).flatMap(([id, step]) =>
    step.kind !== 'call' || (step.timeoutMs >= LEAST_TIMEOUT_MS && step.timeoutMs <= MOST_TIMEOUT_MS)
      ? []
      : [
          {
            pointer: `${stepPointer(id)}/call/timeout`,
            code: 'range',
            message: 'must be 20 seconds, which a provider has for one try, to a day',
          },
        ],
  );
