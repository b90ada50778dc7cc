import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpFault, InjectedFault, SinkRule } from '@percorso/plugin-testkit';
import type { FaultKind, Target } from './schedule';
import type { Twins } from './stage';

/** Longer than a delivery may take in all. */
const SILENT_MS = 25_000;
const LOOK_MS = 200;
const RETRY_AFTER_SECONDS = 3;

/** A provider was not called any more. */
export class NeverCalled extends Error {
  override readonly name = 'NeverCalled';
}

/** What an HTTP provider does to its next caller. */
function httpFault(kind: FaultKind): HttpFault {
  switch (kind) {
    case '429':
      return { kind: 'http429', retryAfterSeconds: RETRY_AFTER_SECONDS };
    case '5xx':
      return { kind: 'http500' };
    case 'timeout':
      return { kind: 'slowBody', ms: SILENT_MS };
    case 'reset before':
      return { kind: 'dropBeforeAccept' };
    default:
      return { kind: 'acceptThenDrop' };
  }
}

/** What a mail server does to the next message for a mailbox that is there. */
function mailRule(kind: FaultKind): SinkRule {
  const recipient = '@shop\\.example$';
  if (kind === 'timeout') return { kind: 'slow', ms: SILENT_MS, recipient, count: 1 };
  return { kind: kind === 'reset before' ? 'dropBeforeAccept' : 'acceptThenDrop', recipient, count: 1 };
}

/** Makes a provider misbehave once; resolves with the time when it has. */
export async function misbehave(
  { campaign, mail, ...http }: Twins,
  kind: FaultKind,
  target: Target,
  patienceMs: number,
): Promise<number> {
  const end = Date.now() + patienceMs;
  const struck = async (pending: () => Promise<readonly { id: string }[]>, id: string): Promise<number> => {
    while ((await pending()).some((one) => one.id === id)) {
      if (Date.now() > end) throw new NeverCalled(`${target} was not called for ${patienceMs / 1000} s`);
      await sleep(LOOK_MS);
    }
    return Date.now();
  };
  if (target === 'mail') return struck(() => mail.rules(), (await mail.inject(mailRule(kind))).id);
  if (target === 'campaign') {
    const fault = { ...httpFault(kind), methods: ['WriteCollection'] } as InjectedFault;
    return struck(() => campaign.faults(), (await campaign.inject(fault)).id);
  }
  const twin = http[target];
  return struck(() => twin.faults(), (await twin.inject(httpFault(kind))).id);
}
