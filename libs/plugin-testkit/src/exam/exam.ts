import { parseManifest } from '@percorso/plugin-kit';
import { Ground } from './ground';
import { readPackageJson, type AnyPaper, type Paper, type Stoppable } from './paper';
import { basics } from './questions/basics';
import { calls } from './questions/calls';
import { closing } from './questions/closing';
import { deliveries } from './questions/deliveries';
import { faults } from './questions/faults';
import { feedback } from './questions/feedback';
import type { Question } from './questions/question';
import { receipts } from './questions/receipts';
import { type Answered, Score } from './score';

/** The exam of one plugin: its questions, asked one after the other of the plugin and a twin of its provider. */
export class Exam {
  readonly questions: readonly Question[];
  private readonly ground: Ground;

  private constructor(readonly paper: AnyPaper) {
    this.ground = new Ground(paper);
    this.questions = [
      ...basics(),
      ...deliveries(),
      ...faults(paper),
      ...calls(paper),
      ...receipts(paper),
      ...feedback(paper),
      ...closing(paper),
    ];
  }

  static on<S extends object, T extends Stoppable>(paper: Paper<S, T>): Exam {
    return new Exam(paper as unknown as AnyPaper);
  }

  get plugin(): string {
    const manifest = parseManifest(readPackageJson(this.paper.packageJson));
    return manifest && 'manifest' in manifest ? manifest.manifest.id : 'plugin';
  }

  start(): Promise<void> {
    return this.ground.start();
  }

  stop(): Promise<void> {
    return this.ground.stop();
  }

  /** @throws AssertionError with what is wrong */
  ask(question: Question): Promise<void> {
    return question.ask(this.ground);
  }

  /** Asks everything. */
  async sit(): Promise<Score> {
    await this.start();
    const answered: Answered[] = [];
    try {
      for (const question of this.questions) {
        const wrong = await this.ask(question).then(() => undefined, messageOf);
        answered.push({ name: question.name, ...(wrong === undefined ? {} : { wrong }) });
      }
    } finally {
      await this.stop();
    }
    return this.score(answered);
  }

  score(answered: readonly Answered[]): Score {
    return new Score(this.plugin, answered, this.notAsked());
  }

  private notAsked(): string[] {
    const { without = {}, contract } = this.paper;
    const left = Object.entries(without).map(([topic, why]) => `${topic}: ${why}`);
    if (contract && contract.document === undefined)
      left.push("contract: the vendor's OpenAPI document is not at hand, so contract checks were left out");
    return left;
  }
}

export function messageOf(error: unknown): string {
  // Under jest an error may be of another realm.
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
