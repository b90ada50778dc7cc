const unit = require('./jest.config.js');

/** User stories against a running hub, three side by side: each owns its hub, and waits more than it computes. */
module.exports = {
  ...unit,
  testMatch: ['<rootDir>/e2e/src/**/*.e2e.ts'],
  // Waits within have their own ends; only what hangs comes to this one.
  testTimeout: 600000,
  maxWorkers: 3,
};
