import type { Verdict } from '@percorso/plugin-kit';
import { isHostsFault, resultOf } from './call-result';

const ok: Verdict = { status: 'accepted' };
const no: Verdict = { status: 'rejected', code: 'bad', reason: 'No.' };
const lost: Verdict = { status: 'unknown', code: 'timeout' };
const later = (code: string, afterSeconds?: number): Verdict => ({ status: 'retry', code, afterSeconds });

it.each<[string, Verdict[], boolean, object, boolean]>([
  ['all accepted', [ok, ok], false, { end: 'worked', afterMs: 0 }, false],
  ['all refused: it answers', [no, no], false, { end: 'worked', afterMs: 0 }, false],
  ['one of two lost', [ok, lost], false, { end: 'worked', afterMs: 0 }, false],
  ['a 429', [later('http-429'), later('http-429')], false, { end: 'throttled', code: 'http-429' }, false],
  ['a 429 for some', [ok, later('http-429', 3)], false, { end: 'throttled', afterMs: 3000 }, false],
  ['busy, with a time', [later('busy', 9)], false, { end: 'throttled', afterMs: 9000 }, false],
  [
    'one recipient that is to be tried later',
    [ok, later('greylisted', 60)],
    false,
    { end: 'worked', afterMs: 60_000 },
    false,
  ],
  [
    'no connection',
    [later('connect-timeout'), later('connect-timeout')],
    false,
    { end: 'failed', code: 'connect-timeout' },
    true,
  ],
  ['no answer', [lost, lost], false, { end: 'failed', code: 'timeout' }, true],
  [
    'a plugin that died',
    [{ status: 'unknown', code: 'plugin-died' }],
    false,
    { end: 'failed', code: 'plugin-died' },
    false,
  ],
  ['no time for any', [later('not-tried')], false, { end: 'failed', code: 'not-tried' }, false],
  ['refused credentials', [later('bad-credentials')], true, { end: 'failed', broken: true }, false],
])('%s', (_name, verdicts, broken, result, hosts) => {
  const found = resultOf(verdicts, broken);
  expect(found).toMatchObject(result);
  expect(isHostsFault(found)).toBe(hosts);
});
