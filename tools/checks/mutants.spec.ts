import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Mutant {
  lib?: string;
  name: string;
  file: string;
  spec: string;
  test?: string;
}

const { mutants, mutated } = jest.requireActual<{
  mutants: Mutant[];
  mutated: (source: string, mutant: Mutant) => string;
}>('./mutants.cjs');

const pathOf = ({ lib = 'segmentation' }: Mutant, path: string): string =>
  join(__dirname, '..', '..', 'libs', lib, 'src', path);
const read = (mutant: Mutant, path: string): string => readFileSync(pathOf(mutant, path), 'utf8');

describe('mutants', () => {
  it('have a name each', () => {
    expect(mutants.length).toBeGreaterThan(20);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });

  it.each(mutants)('$name: still applies, and the test that must notice exists', (mutant) => {
    const source = read(mutant, mutant.file);
    expect(mutated(source, mutant)).not.toBe(source);
    expect(existsSync(pathOf(mutant, mutant.spec))).toBe(true);
    if (mutant.test) expect(read(mutant, mutant.spec)).toContain(mutant.test);
  });

  it('that match nowhere or twice are mistakes themselves', () => {
    const [mutant] = mutants as [Mutant];
    const source = read(mutant, mutant.file);
    expect(() => mutated('', mutant)).toThrow('matches 0 times');
    expect(() => mutated(source + source, mutant)).toThrow('matches 2 times');
  });
});
