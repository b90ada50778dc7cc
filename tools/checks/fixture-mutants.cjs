/** Mistakes one could make where fixtures of journeys are judged. See mutants.cjs; all is below simulation/fixture/. */
const mutant = (name, file, from, to) => ({
  lib: 'journey',
  name: `fixtures: ${name}`,
  file: `simulation/fixture/${file}`,
  from,
  to,
  spec: 'simulation/fixture/fixture.spec.ts',
  test: 'held against what came of it',
});

exports.fixtureMutants = [
  mutant(
    'what nobody expects is no failure',
    'hold-against.ts',
    'const others = complete',
    'const others = !complete',
  ),
  mutant(
    'whoever comes first takes what comes near',
    'hold-against.ts',
    'if (before && !meet(before, tried)) return false;',
    'if (before) return false;',
  ),
  mutant(
    'who is kept from a message counts as having it',
    'hold-against.ts',
    'expected.notSent !== got.notSent',
    'expected.notSent !== undefined && expected.notSent !== got.notSent',
  ),
  mutant(
    'lists may be longer',
    'hold-against.ts',
    "kind === 'added' && !isItem(expected, pointer)",
    "kind === 'added'",
  ),
];
