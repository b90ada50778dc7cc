import type { Plugin } from '@percorso/plugin-kit';
import { Exam, messageOf } from './exam';
import type { Paper, Stoppable } from './paper';
import type { Answered } from './score';

/**
 * The exam every plugin passes, as jest tests: `examine(plugin, paper)` is a spec's one line. What the paper leaves out
 * without a reason is a failing test that names it; the score is printed at the end.
 */
export function examine<S extends object, T extends Stoppable>(
  plugin: Plugin<S>,
  paper: Omit<Paper<S, T>, 'plugin'>,
): void {
  const exam = Exam.on({ ...paper, plugin });
  describe(`exam of ${exam.plugin}`, () => {
    const answered: Answered[] = [];
    beforeAll(() => exam.start(), 30_000);
    afterAll(async () => {
      await exam.stop();
      process.stdout.write(`${exam.score(answered).toString()}\n`);
    }, 30_000);
    for (const question of exam.questions) {
      it(
        question.name,
        async () => {
          try {
            await exam.ask(question);
            answered.push({ name: question.name });
          } catch (error) {
            answered.push({ name: question.name, wrong: messageOf(error) });
            throw error;
          }
        },
        60_000,
      );
    }
  });
}
