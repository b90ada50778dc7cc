import { chooseFormat } from './export-format';

describe('chooseFormat', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json, text/plain, */*', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['text/html, text/csv;q=0.5, application/json;q=0.4', 'csv'],
    ['application/json;q=0, Text/CSV; charset=utf-8', 'csv'],
  ])('%p is %s', (accept, format) => expect(chooseFormat(undefined, accept)).toBe(format));

  it('prefers what the query names', () => expect(chooseFormat('csv', 'application/json')).toBe('csv'));

  it('refuses what it cannot write', () =>
    expect(() => chooseFormat(undefined, 'application/xml')).toThrow(
      expect.objectContaining({ status: 406 }),
    ));
});
