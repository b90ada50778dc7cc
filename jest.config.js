const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
  },
];

// `npm test` asks the same random cases every time, so that what fails is the change; `npm run nightly` asks new ones.
process.env.PERCORSO_SEED ??= '20261125';

/** Unit specs: beside the code they test, real engines where I/O is the point. */
module.exports = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{apps,libs,plugins,tools}/**/src/**/*.spec.ts', '<rootDir>/tools/checks/*.spec.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: {
    '^@percorso/plugin-((?:messaging|campaign|service)-.+)$': '<rootDir>/plugins/$1/src/index.ts',
    '^@percorso/(engines|demo|bench|chaos)$': '<rootDir>/tools/$1/src/index.ts',
    '^@percorso/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.percorso/'],
  globalSetup: '<rootDir>/tools/test-engines.cjs',
  globalTeardown: '<rootDir>/tools/test-engines-stop.cjs',
  // What hangs fails; what a busy machine keeps waiting does not.
  testTimeout: 240_000,
  // Twice the usual two cores: specs wait for engines, timeouts and other processes about half of their time.
  maxWorkers: 4,
};
