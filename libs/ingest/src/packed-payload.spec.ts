import { packPayload, unpackPayload } from './packed-payload';

describe('a stored payload', () => {
  it.each([0, 1, 100, 2500])('is the same JSON text again, with %d events', (count) => {
    const json = Buffer.from(
      JSON.stringify(Array.from({ length: count }, (_, n) => ({ n, text: 'ü "quoted"' }))),
    );
    const packed = packPayload(json);
    expect(unpackPayload(packed)).toEqual(json);
    if (count >= 100) expect(packed.length).toBeLessThan(json.length / 3);
  });

  it('keeps what does not compress', () => {
    const json = Buffer.from(JSON.stringify([Array.from({ length: 2000 }, () => Math.random())]));
    expect(unpackPayload(packPayload(json))).toEqual(json);
  });
});
