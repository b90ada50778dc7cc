import type { Ground } from '../ground';

export interface Question {
  name: string;
  /** @throws AssertionError with what is wrong */
  ask(ground: Ground): Promise<void>;
}
