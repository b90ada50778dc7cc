import { newId, scrub } from '@percorso/kernel';
import { newSecret } from '@percorso/access';

describe('log lines', () => {
  it.each([
    ['an API key', `key pk_${newId().replaceAll('-', '')}_${newSecret()} failed`],
    ['a root key', `pr_${newSecret()}`],
    ['a header', 'authorization: Bearer abcdefgh12345678'],
    ['Basic credentials', '"Basic cHdfMTIzNDU2Nzg5MDo="'],
    ['a URL with a password', 'connect postgres://percorso:hunter2secret@db:5432/x failed'],
    ['an address', 'no profile for canary.person+tag@mail.example.com'],
    ['an encoded address', 'GET /v1/profiles?value=canary%40example.com'],
    ['an address beyond ASCII', 'für canary.ümlaut@exämple.de'],
    ['a phone', 'sms to +39 333 123 4567 failed'],
  ])('lose %s', (_what, line) => {
    expect(scrub(line)).toMatch(/redacted|\[email\]|\[phone\]/);
    expect(scrub(line)).not.toMatch(/canary|hunter2|333 123|abcdefgh|cHdf|[0-9A-Za-z]{43}/);
  });

  it('keep what says nothing of anybody', () => {
    const id = newId();
    const line = `{"level":30,"time":1795484512892,"workspaceId":"${id}","msg":"applied 2000 events at pos 120000 in 12 ms + 3"}`;
    expect(scrub(line)).toBe(line);
  });
});
