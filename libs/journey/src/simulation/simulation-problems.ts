import { Problem } from '@percorso/kernel';

/** Whom the API, or another journey, had enter and who had left by then is known no more. */
export const forgotten = (since: Date): Problem =>
  Problem.invalid([
    {
      pointer: '/from',
      code: 'history-archived',
      message:
        `Of those who had left before ${since.toISOString()} it is kept no more who entered by the API or from another ` +
        'journey: begin later, or simulate without the entry api.',
    },
  ]);

/** More happened than it can hold. */
export const tooLarge = (what: string): Problem =>
  Problem.invalid([
    {
      pointer: '/from',
      code: 'simulation-too-large',
      message: `More than ${what} are to be looked at: choose a shorter time.`,
    },
  ]);
