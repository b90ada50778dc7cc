import type { HttpFault } from '../twins/http/http-fault';
import type { FaultName } from './paper';

type Faulty = { inject(fault: HttpFault): Promise<unknown> };
type Inject = (twin: Faulty, seconds?: number) => Promise<unknown>;

/** Every fault of the exam, for twins that speak HTTP: those made of an HttpProvider, and the vendors' here. */
export const httpFaults: Record<FaultName, Inject> = {
  throttle: (twin, seconds = 1) => twin.inject({ kind: 'http429', retryAfterSeconds: seconds }),
  throttleBare: (twin) => twin.inject({ kind: 'http429' }),
  unavailable: (twin) => twin.inject({ kind: 'http503' }),
  broken: (twin) => twin.inject({ kind: 'http500' }),
  slow: (twin, seconds = 1) => twin.inject({ kind: 'slow', ms: seconds * 1000 }),
  slowBody: (twin, seconds = 1) => twin.inject({ kind: 'slowBody', ms: seconds * 1000 }),
  dropBefore: (twin) => twin.inject({ kind: 'dropBeforeAccept' }),
  dropAfter: (twin) => twin.inject({ kind: 'acceptThenDrop' }),
};
