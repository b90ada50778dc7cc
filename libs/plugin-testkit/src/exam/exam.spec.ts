import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examine } from './examine';
import { Exam } from './exam';
import { httpFaults } from './http-faults';
import { manifest, membersPaper } from './testing/members-paper';
import members from './testing/members-plugin';
import { MEMBERS_DOCUMENT } from './testing/members-provider';
import texts from './testing/text-plugin';
import { TextProvider } from './testing/text-provider';

const folder = mkdtempSync(join(tmpdir(), 'percorso-exam-'));
const document = join(folder, 'members.json');
writeFileSync(document, JSON.stringify(MEMBERS_DOCUMENT));
afterAll(() => rmSync(folder, { recursive: true }));

examine(texts, {
  packageJson: manifest('texts', ['send']),
  twin: () => new TextProvider().start(),
  settings: ({ url }) => ({ url, apiKey: 'secret-key' }),
  wrongCredentials: { apiKey: 'wrong' },
  unreachable: { url: 'http://127.0.0.1:1' },
  operation: 'send',
  payload: (n) => ({ to: `+4670${n}`, text: 'Hello' }),
  refused: () => ({ to: 'nobody', text: 'Hello' }),
  oversized: () => ({ to: '+46', text: 'x'.repeat(2000) }),
  mark: ({ to }) => String(to),
  arrived: async (twin) => twin.texts.map(({ to }) => to),
  faults: httpFaults,
  without: { erasure: 'a text that was sent stays sent', contract: 'there is no vendor' },
});

it('a first plugin takes fewer than 60 lines', () => {
  const source = readFileSync(join(__dirname, 'testing', 'text-plugin.ts'), 'utf8');
  expect(source.split('\n').length).toBeLessThan(60);
});

examine(members, membersPaper(document));

describe('the score', () => {
  it('says what is wrong and what was not asked', async () => {
    const exam = Exam.on({
      ...membersPaper(undefined),
      plugin: { ...members, lookup: async (items) => items.map(() => 'unknown') },
      faults: {},
      without: { slow: 'it is never slow' },
    });
    const score = await exam.sit();
    expect(score.passed).toBe(false);
    expect(score.wrong.map(({ name }) => name)).toEqual([
      'nothing is left out of this exam',
      'lookup tells what arrived',
    ]);
    const text = score.toString();
    expect(text).toMatch(/^Exam of members: 22 of 24 answers are right \(91 %\)\.$/m);
    expect(text).toContain('- dropAfter: the provider accepts, then cuts the connection without an answer');
    expect(text).not.toContain('- slow:');
    expect(text).toContain('not asked: slow: it is never slow');
    expect(text).toContain("the vendor's OpenAPI document is not at hand, so contract checks were left out");
  });
});
