import { Random } from '@percorso/demo';

/** What strikes, and how often in ten minutes. */
const PER_TEN_MINUTES = {
  'kill worker': 40,
  'kill plugin': 24,
  'kill api': 14,
  'kill PostgreSQL': 9,
  'kill ClickHouse': 9,
  'kill Redis': 9,
  'stop worker': 6,
  'flush Redis': 8,
  '429': 8,
  '5xx': 10,
  timeout: 6,
  'reset before': 10,
  'reset after': 16,
} as const;

export type FaultKind = keyof typeof PER_TEN_MINUTES;
export const FAULT_KINDS = Object.keys(PER_TEN_MINUTES) as FaultKind[];

export const isKill = (kind: FaultKind): boolean => kind.startsWith('kill ');

export type Target = 'campaign' | 'keyed' | 'sms' | 'mail';

/** Whom a provider's fault can befall; an SMTP server knows neither 429 nor 5xx with a meaning of theirs. */
const TARGETS: Partial<Record<FaultKind, readonly Target[]>> = {
  '429': ['sms', 'campaign', 'keyed'],
  '5xx': ['keyed', 'sms', 'campaign'],
  timeout: ['mail', 'campaign', 'sms', 'keyed'],
  'reset before': ['sms', 'campaign', 'mail', 'keyed'],
  'reset after': ['campaign', 'mail', 'keyed', 'sms'],
};

export interface Strike {
  /** Milliseconds after the first. */
  atMs: number;
  kind: FaultKind;
  /** Which of the victims there are, in [0, 1). */
  pick: number;
  target?: Target;
  /** Of a stopped worker: for how long. */
  lastsMs?: number;
}

const MINUTE = 60_000;
/** Past the seconds after which leases of a silent worker go to others, and past the life of its claims of effects. */
const STOPS_MS = [11_000, 28_000];
/** What takes long begins so long before the end. */
const LAST_MS = 30_000;

/** The least that counts: five of each kind and a hundred kills in ten minutes, and the same share of any other time. */
export const leastOf = (minutes: number): { ofEachKind: number; kills: number } => ({
  ofEachKind: Math.max(1, Math.floor((5 * minutes) / 10)),
  kills: Math.floor((100 * minutes) / 10),
});

/** Every fault of a run, in order of time: the same for the same seed and length. */
export function makeSchedule(seed: number, minutes: number): Strike[] {
  const random = new Random(seed);
  const strikes = FAULT_KINDS.flatMap((kind) => {
    const count = Math.ceil((PER_TEN_MINUTES[kind] * minutes) / 10);
    const slow = kind === 'stop worker' || kind === 'timeout';
    const span = Math.max(minutes * MINUTE - (slow ? LAST_MS : 0), (minutes * MINUTE) / 2);
    const targets = random.shuffled(TARGETS[kind] ?? []);
    return Array.from({ length: count }, (_, index): Strike => {
      const atMs = Math.floor(((index + random.next()) / count) * span);
      const target = targets[index % targets.length];
      return {
        atMs,
        kind,
        pick: random.next(),
        ...(target && { target }),
        ...(kind === 'stop worker' && { lastsMs: STOPS_MS[index % STOPS_MS.length] }),
      };
    });
  });
  return strikes.sort((a, b) => a.atMs - b.atMs);
}
