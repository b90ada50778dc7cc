import { Problem } from '@percorso/kernel';

/** It begins before what PostgreSQL keeps. */
export const archived = (since: Date): Problem =>
  Problem.invalid([
    {
      pointer: '/from',
      code: 'history-archived',
      message: `Events received before ${since.toISOString()} are kept by person only: begin then, or later.`,
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
