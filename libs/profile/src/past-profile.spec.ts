import fc from 'fast-check';
import { flatten } from './flatten';
import { LATEST, TraitRanks } from './merge-policy/trait-ranks';
import { type PastEvent, PastProfile } from './past-profile';

const SEED = Number(process.env.PERCORSO_SEED);
const START = Date.UTC(2026, 4, 1);

type Said = Omit<PastEvent, 'pos' | 'person'>;

const saidAt = (time: fc.Arbitrary<number>): fc.Arbitrary<Said> =>
  fc
    .record({
      time,
      kind: fc.constantFrom('identify', 'track', 'Unsubscribed', 'group'),
      trait: fc.constantFrom('tier', 'city'),
      value: fc.constantFrom('gold', 'iron', 7, null),
      channel: fc.constantFrom('email', 'sms'),
    })
    .map(({ time: after, kind, trait, value, channel }) => ({
      ...{ messageId: `${after} ${kind}`, name: kind, type: kind === 'Unsubscribed' ? 'track' : kind },
      ...{ sourceId: 'web', occurredAt: new Date(START + after), receivedAt: new Date(START + after) },
      properties: {
        identify: { [trait]: value, consent: { [channel]: true } },
        ...{ track: { total: 3 }, Unsubscribed: { channel }, group: { groupId: `g${channel}` } },
      }[kind],
      context: {},
    })) as fc.Arbitrary<Said>;

const TIME = fc.integer({ min: 1, max: 20 });

describe('a profile as it was', () => {
  it(`is the same however it was asked before, and whatever was said of it meanwhile (seed ${SEED})`, () => {
    const first = saidAt(fc.constant(0));
    const asked = fc.array(fc.oneof(TIME, saidAt(TIME)), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(first, fc.array(saidAt(TIME)), asked, (one, others, todo) => {
        const received = [one, ...others].sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
        const past = profileOf(received.map((event, index) => ({ ...event, person: 1, pos: index + 1 })));
        for (const next of todo) {
          if (typeof next !== 'number') past.say(next);
          else {
            const at = START + next;
            const anew = profileOf([...past.events]);
            expect(past.documentAt(at)).toEqual(anew.documentAt(at));
            expect(past.valuesAt(at)).toEqual(anew.valuesAt(at));
          }
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

function profileOf(events: PastEvent[]): PastProfile {
  const [id, seen] = ['0197a6d0-1111-7222-8333-444455550001', new Date(START)];
  const values = {
    ...{ id, person: 1, version: 1, traits: flatten({}), consent: {} },
    ...{ identities: [], accounts: [], groups: [] },
  };
  const document = {
    ...{ id, person: 1, traits: {}, identities: {}, consent: {}, groups: [] },
    ...{ firstSeen: seen, lastSeen: seen },
  };
  return new PastProfile({ values, document }, events, new TraitRanks(LATEST));
}
