import { at } from '@percorso/segmentation';
import type { MappingRunner } from '@percorso/mapping';
import type { FieldUse } from '@percorso/profile';
import { stepPointer } from '../definition/edges';
import type { Places } from '../definition/places';

type Expression = Places['expressions'][number];

/** What an expression reads: fields of the profile, and whether anything that is in the context. */
export interface Reads {
  fields: FieldUse[];
  context: boolean;
}

export async function readsOf(runner: MappingRunner, { expression, pointer }: Expression): Promise<Reads> {
  const reads = await runner.fieldsRead(expression);
  const fields = reads
    .filter(({ path }) => path.length === 0 || path[0] === 'profile')
    .map(({ path, position }) => ({
      path: path.slice(1),
      pointer,
      ...(position === undefined ? {} : { position }),
    }));
  return { fields, context: reads.some(({ path }) => path.length === 0 || path[0] === 'context') };
}

/** What steps put into the context may go out wherever the context is read. */
export async function rememberedBy(runner: MappingRunner, { expressions }: Places): Promise<FieldUse[]> {
  const kept = expressions.filter(({ pointer }) =>
    /^\/steps\/[^/]+\/(update\/context|call\/into)\//.test(pointer),
  );
  return (await Promise.all(kept.map((one) => readsOf(runner, one)))).flatMap(({ fields }) => fields);
}

/** What a message or a call says. */
export const contentOf = ({ expressions }: Places, { step, use }: Places['connectors'][number]): Expression =>
  expressions.find(({ pointer }) => pointer === `${stepPointer(step)}/${use}/content/jsonata`)!;

/** What a jump gives the other journey's context. */
export const givenBy = ({ expressions }: Places, { step }: Places['journeys'][number]): Expression[] => {
  const place = at(`${stepPointer(step)}/jump`, 'context');
  return expressions.filter(({ pointer }) => pointer.startsWith(`${place}/`));
};
