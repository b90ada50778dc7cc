import type { JourneyDefinition, Step } from '../definition/definition';
import { enclosingOf } from './enclosing';
import type { Frame, Instance, Token } from './instance';
import { STEP_BUDGET } from './most-visits';
import type { Advanced } from './protocol';
import { Walk } from './walk';

/** Steps of the older version and those of the newer that take their place; others keep their id. null: none does. */
export type StepMap = Record<string, string | null>;

/** How people in flight come from one version to another. */
export interface VersionChange {
  from: JourneyDefinition;
  to: JourneyDefinition;
  /** The newer version's number. */
  version: number;
  steps: StepMap;
}

/**
 * The step that takes a step's place. It stands in the same loops and parallel steps, by the map; undefined where none
 * does, and then who waits there can only begin anew.
 */
export function placeOf({ from, to, steps }: VersionChange, step: string): string | undefined {
  const [olds, news] = [enclosingOf(from).get(step), enclosingOf(to)];
  const place = mapped(steps, step);
  const inside = place === undefined ? undefined : news.get(place);
  if (!olds || !inside || olds.length !== inside.length) return undefined;
  const fits = olds.every(
    (old, depth) => old.kind === inside[depth]!.kind && mapped(steps, old.step) === inside[depth]!.step,
  );
  return fits ? place : undefined;
}

const mapped = (steps: StepMap, step: string): string | undefined =>
  Object.hasOwn(steps, step) ? (steps[step] ?? undefined) : step;

/**
 * Takes an instance over to the newer version. Who waits at a step whose place is taken by one that waits for the same
 * goes on waiting, until the time that was due; by another, that one is begun now. If some token has no place everybody
 * stops and the instance begins at the newer version's start, its context and goal kept. Messages that were sent stay
 * known, so reactions to them are still awaited, and those that came are kept in mind.
 */
export function moveInstance(change: VersionChange, instance: Instance, at: number): Advanced {
  const { from, to, version, steps } = change;
  if (instance.state !== 'active') return new Walk(to, instance, at).advanced();
  const senderOf = (step: string): string[] => {
    const place = mapped(steps, step);
    return place !== undefined && to.steps[place]?.kind === 'send' ? [place] : [];
  };
  const sent = Object.entries(instance.sent).flatMap(([step, visit]) =>
    senderOf(step).map((place) => [place, visit] as const),
  );
  const reacted = instance.reacted.flatMap((one) => senderOf(one.to).map((place) => ({ ...one, to: place })));
  // Each token may begin a step, and from each it is as far as from the start at most.
  const budget = STEP_BUDGET * Math.max(1, instance.tokens.length);
  const walk = new Walk(to, { ...instance, version, sent: Object.fromEntries(sent), reacted }, at, budget);
  walk.tell('moved', '', 0, { detail: { from: instance.version } });
  if (instance.holdout) {
    if (!to.goal) walk.end('completed');
  } else if (instance.tokens.every(({ step }) => placeOf(change, step) !== undefined)) {
    for (const token of [...instance.tokens].sort((a, b) => a.visit - b.visit)) {
      const step = placeOf(change, token.step)!;
      const frames = framesAt(to, step, token.frames);
      walk.move(
        token,
        { step, frames },
        instance.version,
        waitsAlike(from.steps[token.step]!, to.steps[step]!, token),
      );
    }
  } else {
    walk.start(instance.version);
  }
  walk.run();
  return walk.advanced();
}

/** Turns that were begun and branches' visits stay. */
function framesAt(to: JourneyDefinition, step: string, frames: readonly Frame[]): Frame[] {
  return enclosingOf(to)
    .get(step)!
    .map((inside, depth) => ({ ...frames[depth]!, ...inside }) as Frame);
}

/** A message is never sent again: who waits for its verdict goes on when it comes, wherever that then leads. */
function waitsAlike(old: Step, step: Step, { wait }: Token): boolean {
  if (old.kind !== step.kind) return false;
  if (step.kind !== 'await' || wait.kind !== 'watch') return true;
  return (wait.due === null) === (step.timeoutMs === undefined);
}
