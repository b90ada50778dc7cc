import type { Mistakes } from '@percorso/segmentation';
import type { Step } from './definition';
import { type Edge, edgesOf, entersBody, stepPointer } from './edges';
import { LIMITS } from './written';

/** What is walked as a whole: the journey, a loop's body, or one of the branches of a parallel step. */
interface Region {
  start: string;
  /** Where the start is named. */
  pointer: string;
  depth: number;
  /** Turns of the loops it is in, multiplied. */
  times: number;
  /** Of parallel branches that are walked at once, it among them. */
  tokens: number;
}

/** Notes what is wrong with how steps follow one another. `steps` are those that could be read, of all that are `named`. */
export function checkGraph(
  start: string | undefined,
  steps: ReadonlyMap<string, Step>,
  named: ReadonlySet<string>,
  mistakes: Mistakes,
): void {
  if (start !== undefined && !named.has(start)) noteUnknown('/start', mistakes);
  for (const [id, step] of steps) {
    for (const { to, pointer } of edgesOf(id, step)) if (!named.has(to)) noteUnknown(pointer, mistakes);
    if (step.kind === 'await') checkReactions(id, step, steps, named, mistakes);
  }
  // Where a step leads that could not be read is not known: nothing can be said of what follows it.
  if (start !== undefined && steps.size === named.size) new Walk(steps, mistakes).all(start);
}

function noteUnknown(pointer: string, mistakes: Mistakes): void {
  mistakes.add(pointer, 'unknown-step', 'must be the id of a step of this journey');
}

function checkReactions(
  id: string,
  { arms }: Extract<Step, { kind: 'await' }>,
  steps: ReadonlyMap<string, Step>,
  named: ReadonlySet<string>,
  mistakes: Mistakes,
): void {
  arms.forEach((arm, index) => {
    if (!('reaction' in arm.for)) return;
    const pointer = `${stepPointer(id)}/await/any/${index}/reaction/to`;
    const { to } = arm.for.reaction;
    if (!named.has(to)) noteUnknown(pointer, mistakes);
    else if (steps.has(to) && steps.get(to)?.kind !== 'send') {
      mistakes.add(pointer, 'no-send', 'must be a step that sends');
    }
  });
}

class Walk {
  private readonly owner = new Map<string, Region>();
  private readonly open = new Set<string>();
  private readonly regions: Region[] = [];

  constructor(
    private readonly steps: ReadonlyMap<string, Step>,
    private readonly mistakes: Mistakes,
  ) {}

  /** What is outside is walked first, so that it is the way out of a body that is at fault and not what it leads to. */
  all(start: string): void {
    this.regions.push({ start, pointer: '/start', depth: 0, times: 1, tokens: 1 });
    for (const region of this.regions) {
      if (this.steps.has(region.start)) this.enter(region.start, region.pointer, region);
    }
    for (const id of this.steps.keys()) {
      if (!this.owner.has(id)) this.mistakes.add(stepPointer(id), 'unreachable', 'no way leads to this step');
    }
  }

  private enter(id: string, pointer: string, region: Region): void {
    const owner = this.owner.get(id);
    if (owner && owner !== region) {
      const message = 'leads out of the loop or branch it is in, or into another; without it that ends here';
      this.mistakes.add(pointer, 'leaves-body', message);
    } else if (this.open.has(id)) {
      this.mistakes.add(pointer, 'cycle', 'leads back to a step before it: only a loop may');
    } else if (!owner) {
      this.owner.set(id, region);
      this.open.add(id);
      this.leave(id, this.steps.get(id)!, region);
      this.open.delete(id);
    }
  }

  private leave(id: string, step: Step, region: Region): void {
    for (const edge of edgesOf(id, step)) {
      if (entersBody(edge)) this.begin(id, step, edge, region);
      else if (this.steps.has(edge.to)) this.enter(edge.to, edge.pointer, region);
    }
  }

  private begin(id: string, step: Step, { to, pointer }: Edge, region: Region): void {
    const depth = region.depth + 1;
    const times = region.times * (step.kind === 'loop' ? step.times : 1);
    const tokens = region.tokens * (step.kind === 'parallel' ? step.branches.length : 1);
    if (depth > LIMITS.nesting) {
      this.mistakes.add(pointer, 'too-deep', `loops and branches may nest ${LIMITS.nesting} deep at most`);
    }
    if (step.kind === 'loop' && times > LIMITS.times) {
      const message = `must be ${LIMITS.times} at most, multiplied by the loops it is in`;
      this.mistakes.add(`${stepPointer(id)}/loop/times`, 'range', message);
    }
    if (step.kind === 'parallel' && tokens > LIMITS.tokens && pointer.endsWith('/0')) {
      const message = `must be ${LIMITS.tokens} at most, multiplied by the branches they are in`;
      this.mistakes.add(`${stepPointer(id)}/parallel/branches`, 'too-many', message);
    }
    this.regions.push({ start: to, pointer, depth, times, tokens });
  }
}
