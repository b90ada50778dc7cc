import { parseManifest, type Plugin } from '@percorso/plugin-kit';
import { readPackageJson, type Paper } from './paper';
import { Exam } from './questions';

/**
 * The exam every plugin passes, as jest tests: `examine(plugin, paper)` is a spec's one line.
 * What the paper leaves out without a reason is a failing test that names it.
 */
export function examine<S extends object, T extends { stop(): Promise<void> }>(
  plugin: Plugin<S>,
  paper: Omit<Paper<S, T>, 'plugin'>,
): void {
  const manifest = parseManifest(readPackageJson(paper.packageJson));
  const id = manifest && 'manifest' in manifest ? manifest.manifest.id : 'plugin';
  const without = Object.entries(paper.without ?? {}).map(([name, why]) => `${name}: ${why}`);
  describe([`exam of ${id}`, ...without].join(', without '), () => {
    const exam = new Exam({ ...paper, plugin });
    beforeAll(() => exam.start(), 30_000);
    afterAll(() => exam.stop(), 30_000);
    for (const question of exam.questions()) it(question.name, () => question.ask(), 60_000);
  });
}
