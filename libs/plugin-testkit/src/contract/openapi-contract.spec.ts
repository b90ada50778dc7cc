import { OpenApiContract, vendorDocument } from '.';
import type { Call } from '../twins';

const call = (method: string, target: string, rest: Partial<Call> & { type?: string } = {}): Call => {
  const [path = '', query = ''] = target.split('?');
  const { type, headers = {}, body = '' } = rest;
  return { method, path, query, headers: { ...(type ? { 'content-type': type } : {}), ...headers }, body };
};

describe('a request against an OpenAPI document', () => {
  const contract = new OpenApiContract({
    paths: {
      '/accounts/{id}/messages': {
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^A\\d$' } },
        ],
        post: {
          parameters: [
            { $ref: '#/components/parameters/dry' },
            { name: 'Revision', in: 'header', required: true, schema: { type: 'string', format: 'date' } },
          ],
          requestBody: {
            required: true,
            content: {
              'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/form' } },
              'application/vnd.api+json; charset=utf-8': { schema: { $ref: '#/components/schemas/wrapped' } },
            },
          },
        },
      },
      '/accounts/{id}/{name}': { post: {} },
      '/accounts/{id}': { get: {} },
    },
    components: {
      parameters: { dry: { name: 'dry', in: 'query', schema: { type: 'boolean' } } },
      schemas: {
        form: {
          type: 'object',
          required: ['To'],
          properties: {
            To: { type: 'string', pattern: '^\\+' },
            Media: { type: 'array', items: { type: 'string', format: 'uri' } },
            Attempt: { type: 'integer', minimum: 1 },
            Smart: { type: 'boolean' },
          },
        },
        wrapped: {
          type: 'object',
          required: ['data'],
          properties: { data: { $ref: '#/components/schemas/form' } },
        },
      },
    },
  } as never);
  const headers = { revision: '2026-01-31' };
  const form = (body: string, target = '/accounts/A1/messages'): string[] =>
    contract.problems(call('POST', target, { type: 'application/x-www-form-urlencoded', headers, body }));
  const json = (body: string): string[] =>
    contract.problems(
      call('POST', '/accounts/A1/messages', { type: 'application/vnd.api+json', headers, body }),
    );

  it.each<[string, string[]]>([
    ['a form', form('To=%2B46&Media=https%3A%2F%2Fa.test&Media=https%3A%2F%2Fb.test&Attempt=2&Smart=true')],
    ['a query', form('To=%2B46', '/accounts/A1/messages?dry=true')],
    ['a vendor type', json('{"data":{"To":"+46"}}')],
    ['no body', contract.problems(call('GET', '/accounts/A1'))],
    // The literal path wins over the template; any other is this one, without rules.
    ['a template', contract.problems(call('POST', '/accounts/A1/other'))],
  ])('that satisfies it: %s', (_, problems) => expect(problems).toEqual([]));

  const AT = 'POST /accounts/{id}/messages: ';
  it.each<[string, string[], RegExp[]]>([
    ['no such path', contract.problems(call('POST', '/nowhere')), [/no such operation/]],
    ['no such method', contract.problems(call('DELETE', '/accounts/A1')), [/no such operation/]],
    ['a path parameter', form('To=%2B46', '/accounts/B/messages'), [/path parameter id must match pattern/]],
    ['a query parameter', form('To=%2B46', '/accounts/A1/messages?dry=maybe'), [/dry must be boolean/]],
    [
      'an unknown query parameter',
      form('To=%2B46', '/accounts/A1/messages?wet=1'),
      [/wet is not documented/],
    ],
    ['a field missing', form('Attempt=1'), [/body must have required property 'To'/]],
    ['a field', form('To=46'), [/body\/To must match pattern/]],
    ['a number', form('To=%2B46&Attempt=many'), [/body\/Attempt must be integer/]],
    ['a boolean', form('To=%2B46&Smart=yes'), [/body\/Smart must be boolean/]],
    ['a list', form('To=%2B46&Media=nothing'), [/body\/Media\/0 must match format "uri"/]],
    ['a field twice', form('To=%2B46&To=%2B47'), [/the field To is there 2 times/]],
    ['an unknown field', form('To=%2B46&Cc=x'), [/the field Cc is not documented/]],
    ['a vendor type', json('{"data":{}}'), [/body\/data must have required property 'To'/]],
    ['no JSON', json('To=%2B46'), [/is not application\/vnd\.api\+json/]],
    [
      'another type',
      contract.problems(call('POST', '/accounts/A1/messages', { type: 'text/plain', headers, body: 'x' })),
      [/a body of text\/plain is not documented/],
    ],
    [
      'no header and no body',
      contract.problems(call('POST', '/accounts/A1/messages')),
      [/the header parameter Revision is missing/, /the body is missing/],
    ],
    [
      'a body nobody wants',
      contract.problems(call('GET', '/accounts/A1', { type: 'application/json', body: '{}' })),
      [/the document knows no body here/],
    ],
  ])('that does not: %s', (name, problems, expected) => {
    expect(problems).toHaveLength(expected.length);
    expected.forEach((pattern, at) => expect(problems[at]).toMatch(pattern));
    if (name === 'a field') expect(problems[0]).toBe(`${AT}body/To must match pattern "^\\+"`);
  });
});

const klaviyo = vendorDocument('klaviyo_stable.json');
if (klaviyo)
  describe('the document of a vendor with a media type of its own (Klaviyo)', () => judged(klaviyo));
else process.stdout.write('Contract checks were left out: klaviyo_stable.json is not at hand.\n');

function judged(file: string): void {
  const event = (attributes: object): Call =>
    call('POST', '/api/events', {
      type: 'application/vnd.api+json',
      headers: { revision: '2026-07-15' },
      body: JSON.stringify({ data: { type: 'event', attributes } }),
    });
  const profile = { data: { type: 'profile', attributes: { email: 'ada@example.test' } } };
  const metric = { data: { type: 'metric', attributes: { name: 'Bought' } } };

  it('takes an event and refuses one without its metric', () => {
    const contract = OpenApiContract.read(file);
    expect(contract.problems(event({ properties: {}, profile, metric }))).toEqual([]);
    expect(contract.problems(event({ properties: {}, profile })).join()).toMatch(
      /required property 'metric'/,
    );
  });
}
