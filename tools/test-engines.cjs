// jest's globalSetup and globalTeardown: one set of engines for a whole run.
const { join } = require('node:path');

module.exports = async () => {
  const { shareTestEngines } = require(join(__dirname, 'engines', 'dist', 'index.js'));
  globalThis.stopTestEngines = await shareTestEngines();
};
