import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** What dependency-cruiser says of the repository with one more file in it. */
function violationsWith(file: string, code: string): string[] {
  const path = join(ROOT, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
  try {
    const { stdout } = spawnSync(
      join(ROOT, 'node_modules', '.bin', 'depcruise'),
      ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', file],
      { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
    return [...new Set(summary.violations.map(({ rule }) => rule.name))];
  } finally {
    rmSync(path);
  }
}

describe('the import rules bite', () => {
  it.each([
    [
      'a step back in the line',
      'libs/storage/src/wrong-import.ts',
      `export * from '@percorso/ingest';`,
      'line-storage',
    ],
    [
      'a neighbour at its end',
      'libs/export/src/wrong-import.ts',
      `export * from '@percorso/sync';`,
      'line-export',
    ],
    [
      'a lib’s inside',
      'libs/ingest/src/wrong-import.ts',
      `export * from '../../kernel/src/id';`,
      'no-deep-imports',
    ],
    [
      'a lib beyond the kit',
      'plugins/messaging-smtp/src/wrong-import.ts',
      `export * from '@percorso/storage';`,
      'plugins-import-the-kit',
    ],
    [
      'more than kernel',
      'libs/mapping/src/wrong-import.ts',
      `export * from '@percorso/storage';`,
      'side-libs-need-kernel-only',
    ],
    [
      'an undeclared package',
      'libs/kernel/src/wrong-import.ts',
      `export * from 'no-such-package';`,
      'declared-dependencies-only',
    ],
    ['a cycle', 'libs/kernel/src/wrong-import.ts', `export * from './wrong-import';`, 'no-cycles'],
  ])('%s is refused', (_what, file, code, rule) => {
    expect(violationsWith(file, `${code}\n`)).toContain(rule);
  });

  it('and a right one passes', () => {
    expect(violationsWith('libs/ingest/src/right-import.ts', `export * from '@percorso/kernel';\n`)).toEqual(
      [],
    );
  });
});
