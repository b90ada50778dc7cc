const unit = require('./jest.config.js');

/** User stories against a running hub: one worker, since each story owns its hub and both cores. */
module.exports = {
  ...unit,
  testMatch: ['<rootDir>/e2e/src/**/*.e2e.ts'],
  testTimeout: 240000,
  maxWorkers: 1,
};
