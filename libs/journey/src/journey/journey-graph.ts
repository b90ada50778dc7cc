import type { Entry, JourneyDefinition, Step, StepKind, WaitStep } from '../definition/definition';
import { edgesOf, type Way } from '../definition/edges';

/** What a picture of a journey is drawn from. */
export interface JourneyGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface GraphNode {
  /** Of a step its id; `entry:0` and so on; `end` where the journey ends. */
  id: string;
  kind: StepKind | 'entry' | 'exit';
  label: string;
  /** The loop or parallel step in whose body or branch it stands. */
  inside?: string;
}

export interface GraphEdge {
  from: string;
  /** A step, or `end`; of what ends a body or a branch, the loop or parallel step that it comes back to. */
  to: string;
  kind: 'entry' | Way['kind'] | 'else' | 'back';
  label?: string;
}

const END = 'end';
const MINUTE = 60_000;
const UNITS: readonly [string, number][] = [
  ['w', 7 * 24 * 60 * MINUTE],
  ['d', 24 * 60 * MINUTE],
  ['h', 60 * MINUTE],
  ['m', MINUTE],
  ['s', 1000],
];

/** Steps and ways between them, those that are not written included. */
export function graphOf({ entries, start, steps }: JourneyDefinition): JourneyGraph {
  const nodes: GraphNode[] = entries.map((entry, index) => ({
    id: `entry:${index}`,
    kind: 'entry',
    label: entryLabel(entry),
  }));
  const edges: GraphEdge[] = nodes.map(({ id }) => ({ from: id, to: start, kind: 'entry' }));
  const inside = insides(start, steps);
  for (const [id, step] of Object.entries(steps)) {
    const around = inside.get(id);
    nodes.push({
      id,
      kind: step.kind,
      label: stepLabel(step),
      ...(around !== undefined && { inside: around }),
    });
    edges.push(...waysOf(id, step, around));
  }
  nodes.push({ id: END, kind: 'exit', label: 'End' });
  return { nodes, edges };
}

/** The loop or parallel step that each step stands in. */
function insides(start: string, steps: JourneyDefinition['steps']): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  const open: [string, string | undefined][] = [[start, undefined]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [id, around] = next;
    if (found.has(id)) continue;
    found.set(id, around);
    for (const { to, way } of edgesOf(id, steps[id]!)) {
      open.push([to, way.kind === 'body' || way.kind === 'branch' ? id : around]);
    }
  }
  return found;
}

function waysOf(id: string, step: Step, around: string | undefined): GraphEdge[] {
  if (step.kind === 'end' || step.kind === 'jump') return [{ from: id, to: END, kind: 'next' }];
  const to = step.next ?? around ?? END;
  const edge = (way: Way, leads: string): GraphEdge => {
    const label = wayLabel(step, way);
    return { from: id, to: leads, kind: kindOf(step, way), ...(label !== undefined && { label }) };
  };
  const edges = edgesOf(id, step)
    .filter(({ way }) => step.kind !== 'await' || way.kind !== 'next')
    .map((one) => edge(one.way, one.to));
  // What has no way of its own goes where `next` leads, and everybody where there is none.
  if ('arms' in step) {
    step.arms.forEach((arm, index) => arm.next ?? edges.push(edge({ kind: 'arm', index }, to)));
  }
  if (step.kind !== 'await') {
    if (step.next === undefined) edges.push({ ...edge({ kind: 'next' }, to), ...(around && BACK) });
  } else if (step.timeoutMs !== undefined && step.timedOut === undefined) {
    edges.push(edge({ kind: 'timedOut' }, to));
  }
  return edges;
}

const BACK = { kind: 'back' as const };
const kindOf = (step: Step, way: Way): GraphEdge['kind'] => (way.kind === 'next' ? fallKind(step) : way.kind);
const fallKind = (step: Step): 'next' | 'else' =>
  step.kind === 'branch' || step.kind === 'split' ? 'else' : 'next';

function wayLabel(step: Step, way: Way): string | undefined {
  if (way.kind === 'failed') return 'failed';
  if (way.kind === 'timedOut')
    return step.kind === 'await' ? `after ${length(step.timeoutMs ?? 0)}` : 'timed out';
  if (way.kind === 'branch') return `branch ${way.index + 1}`;
  if (way.kind === 'body') return step.kind === 'loop' ? `up to ${step.times} times` : undefined;
  if (way.kind !== 'arm') return fallKind(step) === 'else' ? 'else' : undefined;
  if (step.kind === 'split') {
    const arm = step.arms[way.index]!;
    return `${arm.name} ${arm.share / 100}%`;
  }
  if (step.kind === 'await') return watchLabel(step.arms[way.index]!.for);
  return `case ${way.index + 1}`;
}

function watchLabel(watch: object): string {
  if ('event' in watch) return (watch.event as { name: string }).name;
  if ('audience' in watch)
    return `${(watch.audience as { on: string }).on === 'enter' ? 'enters' : 'leaves'} audience`;
  return (watch as { reaction: { is: string } }).reaction.is;
}

function entryLabel(entry: Entry): string {
  switch (entry.kind) {
    case 'event':
      return entry.event.name;
    case 'audience':
      return watchLabel(entry);
    case 'read':
      return 'cron' in entry.when ? `audience at ${entry.when.cron}` : 'audience after evaluation';
    case 'business':
      return `${entry.event.name} for audience`;
    case 'api':
      return 'API';
  }
}

function stepLabel(step: Step): string {
  switch (step.kind) {
    case 'wait':
      return waitLabel(step);
    case 'await':
      return `await ${step.arms.map((arm) => watchLabel(arm.for)).join(' or ')}`;
    case 'loop':
      return `up to ${step.times} times`;
    case 'end':
      return step.reason ?? 'end';
    default:
      return step.kind;
  }
}

function waitLabel({ until }: WaitStep): string {
  if ('for' in until) return `wait ${length(until.for)}`;
  if ('at' in until) return `wait until ${new Date(until.at).toISOString()}`;
  if ('jsonata' in until) return 'wait until a date';
  const { hour, minute } = until.time;
  return `wait until ${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

/** In the largest unit that is whole. */
function length(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
