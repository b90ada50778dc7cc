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
  /** Memberships that incremental evaluation had wrong; null at the first evaluation of a definition. */
  drift: number | null;
  error: string | null;
}

export function createAudience({ admin }: StoryContext, name: string, definition: object): Promise<Audience> {
  return admin.post<Audience>('/v1/audiences', { name, definition });
}

/** Hold one audience against its set and wait until that is done: everything that came before is in its members. */
export async function evaluate({ admin, say }: StoryContext, audience: Audience): Promise<Evaluation> {
  const { id } = await admin.post<Evaluation>(`/v1/audiences/${audience.id}/evaluate`);
  const done = await poll(
    () => admin.get<Evaluation>(`/v1/evaluations/${id}`),
    ({ state }) => state === 'done' || state === 'failed',
    { what: `evaluation of ${audience.name}` },
  );
  if (done.state === 'failed')
    throw new EvaluationFailed(`${audience.name}: ${done.error ?? 'no reason given'}`);
  say(`${audience.name}: ${done.members} members`);
  return done;
}

/** The hub could not evaluate an audience; the message is its reason. */
export class EvaluationFailed extends Error {
  override readonly name = 'EvaluationFailed';
}
