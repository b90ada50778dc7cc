// Prints `tests: N passed, N failed` from the reports jest wrote; fails when one is missing or a test did not run.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const reports = join(dirname(dirname(fileURLToPath(import.meta.url))), 'reports');
let passed = 0;
let failed = 0;
let missing = false;
for (const name of ['unit', 'e2e', 'chaos']) {
  try {
    const report = JSON.parse(readFileSync(join(reports, `${name}.json`), 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    missing ||= report.numPendingTests > 0;
    if (report.numPendingTests > 0) console.log(`${name}: ${report.numPendingTests} tests were skipped`);
  } catch {
    console.log(`${name}: no report`);
    missing = true;
  }
}
console.log(`tests: ${passed} passed, ${failed} failed`);
process.exit(missing || failed > 0 || passed === 0 ? 1 : 0);
