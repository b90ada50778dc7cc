import { StoryContext } from './context';
import { poll } from './hub-api';

export interface Audience {
  id: string;
  name: string;
  members: number;
}

export interface Evaluation {
  id: string;
  state: 'pending' | 'running' | 'done' | 'failed';
  members: number;
  entered: number;
  exited: number;
  error: string | null;
}

export function createAudience({ admin }: StoryContext, name: string, definition: object): Promise<Audience> {
  return admin.post<Audience>('/v1/audiences', { name, definition });
}

/** Evaluate one audience now and wait for its entries and exits. */
export async function evaluate({ admin, say }: StoryContext, audience: Audience): Promise<Evaluation> {
  const { id } = await admin.post<Evaluation>(`/v1/audiences/${audience.id}/evaluate`);
  const done = await poll(
    () => admin.get<Evaluation>(`/v1/evaluations/${id}`),
    ({ state }) => state === 'done' || state === 'failed',
    { what: `evaluation of ${audience.name}` },
  );
  if (done.state === 'failed')
    throw new EvaluationFailed(`${audience.name}: ${done.error ?? 'no reason given'}`);
  say(`${audience.name}: ${done.members} members, ${done.entered} entered, ${done.exited} left`);
  return done;
}

/** The hub could not evaluate an audience; the message is its reason. */
export class EvaluationFailed extends Error {
  override readonly name = 'EvaluationFailed';
}
