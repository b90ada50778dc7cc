import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { Problem } from '@percorso/kernel';
import { readRows, registerRowStreams, type Row, ROW_LIMITS, rowsOf } from './row-stream';

const read = async (format: 'csv' | 'ndjson', ...chunks: (string | Buffer)[]): Promise<Row[]> => {
  const rows: Row[] = [];
  const source = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  for await (const row of rowsOf(source, format)) rows.push(row);
  return rows;
};

describe('bodies of rows', () => {
  it('reads CSV with quotes, any line ends, and chunks cut anywhere', async () => {
    const text = '\uFEFFnamespace,value\r\nemail,"a ""b"", c"\n\nphone,é😀\nemail\n"open,x\nlast,1';
    const rows = [
      { line: 2, values: { namespace: 'email', value: 'a "b", c' } },
      { line: 4, values: { namespace: 'phone', value: 'é😀' } },
      { line: 5, mistake: 'has 1 of 2 columns' },
      { line: 6, mistake: 'has a quote that does not end' },
      { line: 7, values: { namespace: 'last', value: '1' } },
    ];
    expect(await read('csv', text)).toEqual(rows);
    const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
    expect(await read('csv', ...bytes)).toEqual(rows);
  });

  it('reads NDJSON, telling what is no object', async () => {
    expect(await read('ndjson', '{"a":1}\n[1]\n{"a"\n', '{"b":{}}')).toEqual([
      { line: 1, values: { a: 1 } },
      { line: 2, mistake: 'is no JSON object' },
      { line: 3, mistake: 'is no JSON object' },
      { line: 4, values: { b: {} } },
    ]);
  });

  it('stops at the limits', async () => {
    const many = 'v\n' + 'x\n'.repeat(ROW_LIMITS.rows);
    expect(await read('csv', many)).toHaveLength(ROW_LIMITS.rows);
    await expect(read('csv', many, 'x')).rejects.toMatchObject({ status: 413 });
    await expect(read('ndjson', 'x'.repeat(ROW_LIMITS.lineBytes + 1))).rejects.toMatchObject({ status: 413 });
    const megabyte = ' '.repeat(1023).concat('\n').repeat(1024);
    const chunks = Array.from({ length: 65 }, () => megabyte);
    await expect(read('ndjson', ...chunks)).rejects.toMatchObject({ status: 413 });
  });

  it('takes over the bodies of routes that say so, larger than others may be, and of no other type', async () => {
    const app = Fastify({ bodyLimit: 10 });
    registerRowStreams(app);
    app.setErrorHandler((error, _request, reply) =>
      reply.status(error instanceof Problem ? error.status : 500).send(),
    );
    app.post('/rows', { config: { streamsRows: true } }, async (request) => {
      let count = 0;
      for await (const { values } of readRows(request)) count += values ? 1 : 0;
      return { count };
    });
    app.post('/other', async () => 'other');
    const post = (url: string, type: string, headers = {}) =>
      app.inject({
        method: 'POST',
        url,
        payload: 'a\n1\n2\n',
        headers: { 'content-type': type, ...headers },
      });
    const payload = 'a\n' + '1\n'.repeat(50_000);
    const large = await app.inject({
      method: 'POST',
      url: '/rows',
      payload,
      headers: { 'content-type': 'Text/CSV; charset=utf-8' },
    });
    expect(large.json()).toEqual({ count: 50_000 });
    expect((await post('/rows', 'application/json')).statusCode).toBe(415);
    expect((await post('/rows', 'text/csv', { 'content-encoding': 'gzip' })).statusCode).toBe(415);
    expect((await post('/other', 'text/csv')).statusCode).toBeGreaterThanOrEqual(400);
    await app.close();
  });
});
