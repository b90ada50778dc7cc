import { createHash } from 'node:crypto';
import { SAMPLE_PARTS } from '../definition/definition';

/** Which of SAMPLE_PARTS equal parts a person is in, for ever: see `SampleLeaf`. From 0. */
export function samplePart(salt: string, person: number): number {
  return createHash('md5').update(`${salt}:${person}`).digest().readUInt32BE(0) % SAMPLE_PARTS;
}
