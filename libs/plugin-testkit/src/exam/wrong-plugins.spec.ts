import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAxiosError } from 'axios';
import {
  accepted,
  answered,
  capability,
  rejected,
  retry,
  Secret,
  unknown,
  type Context,
  type Deliver,
  type Item,
  type MessageEvent,
  type Plugin,
  type Verdict,
} from '@percorso/plugin-kit';
import { Exam } from './exam';
import { httpFaults } from './http-faults';
import { manifest, membersPaper, type MembersPaper, type MembersSettings } from './testing/members-paper';
import members from './testing/members-plugin';
import { MEMBERS_DOCUMENT } from './testing/members-provider';

const folder = mkdtempSync(join(tmpdir(), 'percorso-exam-'));
const document = join(folder, 'members.json');
writeFileSync(document, JSON.stringify(MEMBERS_DOCUMENT));
afterAll(() => rmSync(folder, { recursive: true }));

const paper = membersPaper(document);
const good = members.upsert!;
const calling = members.call!;
const tell = members.receipts!.bind(members);
const asked = members.feedback!.bind(members);

/** The good plugin but for what it does with a batch. */
const upserting = (deliver: Deliver<MembersSettings>): Partial<Plugin<MembersSettings>> => ({
  upsert: { ...good, deliver },
});
/** The good plugin, taking an answer of the provider's for something else. */
const onFailure = (verdict: (error: unknown) => Verdict): Partial<Plugin<MembersSettings>> =>
  upserting((items, ctx) => good.deliver(items, ctx).catch((error) => items.map(() => verdict(error))));
const each = (items: Item[], change: object): Item[] =>
  items.map((item) => ({ ...item, payload: { ...item.payload, ...change } }));
const withEvents = (change: (event: MessageEvent) => object): Partial<Plugin<MembersSettings>> => ({
  receipts: async (raw, ctx, request) =>
    (await tell(raw, ctx, request)).map((event) => ({ ...event, ...change(event) })),
});
const wasCut = (error: unknown): boolean => isAxiosError(error) && error.code === 'ERR_CANCELED';

class WithoutRules {
  url = '';
  @Secret()
  apiKey = '';
}

/** For each question a plugin, or a paper, that is wrong in just that. */
const WRONG: Record<string, Partial<Plugin<MembersSettings>> | { paper: Partial<MembersPaper> }> = {
  'nothing is left out of this exam': { paper: { faults: { ...httpFaults, slow: undefined } } },
  'the manifest says what the code has': { paper: { packageJson: manifest('members', ['upsert']) } },
  'empty settings are refused, secrets are write-only': { settings: WithoutRules },
  'the check passes with good settings': {
    check: async ({ http, settings }) => void (await http.get(`${settings.url}/me`)),
  },
  'wrong credentials are told as such, and nothing is sent': onFailure(() => rejected('no', 'No.')),
  'an unreachable provider means retry': onFailure(() => unknown('lost')),
  'a full batch is accepted, each item once': upserting(async (items, ctx) => {
    await good.deliver(items.slice(1), ctx);
    return items.map(() => accepted());
  }),
  'refused items fail alone, wherever they stand, with reasons that quote nobody': upserting(
    async (items, ctx) => {
      const verdicts = await good.deliver(items, ctx);
      return verdicts.map((one) => verdicts.find(({ status }) => status === 'rejected') ?? one);
    },
  ),
  'an oversized item fails alone': upserting(async (items, ctx) => {
    return good.deliver(each(items, { name: 'shortened' }), ctx);
  }),
  'the same item twice has the effect its idempotency says': upserting(async (items, ctx) => {
    await good.deliver([{ key: 'other', payload: { email: `${Math.random()}@example.test` } }], ctx);
    return items.map(() => accepted());
  }),
  'two items for one recipient go out side by side': upserting(async (items, ctx) => {
    const emails = items.map(({ payload }) => payload['email']);
    const again = (_: Item, at: number): boolean => emails.indexOf(emails[at]) !== at;
    const verdicts = await good.deliver(items, ctx);
    return verdicts.map((one, at) => (again(items[at]!, at) ? rejected('twice', 'It is there twice.') : one));
  }),
  'lookup tells what arrived': { lookup: async (items) => items.map(() => 'accepted') },
  'a removed item is gone, and removing it again is no failure': {
    remove: capability(async (items) => items.map(() => accepted()), good),
  },
  'when the provider asks to slow down, with the seconds given': onFailure(() => retry()),
  'when the provider asks to slow down, without saying how long': onFailure(() => unknown('busy')),
  'when the provider is out of service for a moment': onFailure(() => rejected('down', 'It is down.')),
  'when the provider fails inside': onFailure(() => rejected('failed', 'It failed.')),
  'when the provider answers after the seconds given': onFailure((error) =>
    wasCut(error) ? retry() : unknown('?'),
  ),
  'when the provider begins its answer, and ends it after the seconds given': onFailure((error) =>
    wasCut(error) ? accepted() : unknown('?'),
  ),
  'when the provider cuts the connection without accepting': onFailure(() => accepted()),
  'when the provider accepts, then cuts the connection without an answer': onFailure(() => retry()),
  'calls side by side each have their own response': {
    call: {
      ...calling,
      deliver: async (items, ctx) => (await calling.deliver(items, ctx)).map((_, __, [first]) => first!),
    },
  },
  'a refused call says why, and has no response': {
    call: {
      ...calling,
      deliver: async (items, ctx) =>
        (await calling.deliver(items, ctx)).map((one) => (one.status === 'rejected' ? answered(null) : one)),
    },
  },
  'a call ends when its time is over': {
    call: {
      ...calling,
      deliver: (items, ctx) =>
        calling.deliver(items, ctx).catch((error) => {
          if (!wasCut(error)) throw error;
          return items.map(() => retry());
        }),
    },
  },
  'a receipt becomes events about the message': withEvents(() => ({ address: 'other@example.test' })),
  'a receipt told twice tells the same facts': withEvents(() => ({ id: String(Math.random()) })),
  'what is no receipt tells nothing': { receipts: async (raw) => JSON.parse(raw) as MessageEvent[] },
  'a forged receipt is refused': { receipts: (raw, ctx) => tell(raw, ctx) },
  'a receipt replayed later is refused': {
    receipts: (raw, ctx, request) =>
      tell(
        raw,
        { ...ctx, now: () => new Date(Number(request?.headers['x-time'])) } as Context<MembersSettings>,
        request,
      ),
  },
  'feedback tells what became of an item': {
    feedback: async (cursor, ctx) => {
      const page = await asked(cursor, ctx);
      return { ...page, events: page.events.map((one) => ({ ...one, at: 'today' })) };
    },
  },
  'feedback goes on from its cursor, and from an older one tells the same facts again': {
    feedback: async (cursor, ctx) => {
      const page = await asked(cursor, ctx);
      return { ...page, events: page.events.map((one) => ({ ...one, id: String(Math.random()) })) };
    },
  },
  'feedback with wrong credentials is told as such': {
    feedback: (cursor, ctx) => asked(cursor, ctx).catch(() => ({ events: [], cursor })),
  },
  "every request satisfies the vendor's OpenAPI document": upserting((items, ctx) =>
    good.deliver(each(items, { undocumented: true }), ctx),
  ),
  'the log holds neither people nor secrets': upserting((items, ctx) => {
    ctx.log.info('to', { email: String(items[0]?.payload['email']) });
    return good.deliver(items, ctx);
  }),
};

describe('the exam fails a plugin that is wrong in', () => {
  const questions = Exam.on({ ...paper, plugin: members }).questions.map(({ name }) => name);
  const READY = ['a full batch is accepted, each item once'];

  it('each of its questions', () => expect(Object.keys(WRONG)).toEqual(questions));

  it.each(questions)('%s', async (name) => {
    const { paper: changed = {}, ...plugin } = WRONG[name] as { paper?: Partial<MembersPaper> };
    const exam = Exam.on({ ...paper, ...changed, plugin: { ...members, ...plugin } });
    await exam.start();
    try {
      // What is asked of all that happened before needs something that did.
      for (const before of exam.questions)
        if (READY.includes(before.name)) await exam.ask(before).catch(() => undefined);
      const question = exam.questions.find((one) => one.name === name)!;
      await expect(exam.ask(question)).rejects.toMatchObject({ code: 'ERR_ASSERTION' });
    } finally {
      await exam.stop();
    }
  });
});
