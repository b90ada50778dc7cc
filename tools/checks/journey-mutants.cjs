/** Mistakes one could make in the engine of journeys. See mutants.cjs; files and specs are below libs/journey/src/engine. */
const mutant = (spec) => (name, file, from, to) => ({
  lib: 'journey',
  name: `journeys: ${name}`,
  file: `engine/${file}`,
  from,
  to,
  spec: `engine/${spec}`,
});
const inStories = mutant('random-journeys.spec.ts');
const inSteps = mutant('steps.spec.ts');
const inReactions = mutant('reactions.spec.ts');
const inWalk = mutant('walk.spec.ts');
const inBound = mutant('most-visits.spec.ts');
const inTimes = mutant('local-time.spec.ts');
const inMoves = mutant('move-instance.spec.ts');

exports.journeyMutants = [
  inStories('a wait ends a millisecond early', 'advance.ts', 'at <= walk.at ?', 'at <= walk.at + 1 ?'),
  inStories('what is due later goes first', 'advance.ts', 'a.at - b.at ||', 'b.at - a.at ||'),
  inWalk('a goal counts again', 'advance.ts', 'before.goalAt !== null ||', ''),
  inWalk(
    'a goal counts at the end of its window',
    'advance.ts',
    'at < before.goalUntil',
    'at <= before.goalUntil',
  ),
  inStories('a goal counts for ever', 'advance.ts', 'before.goalUntil !== null && at <', '1 <'),
  inStories(
    'nobody who has ended reaches the goal',
    'advance.ts',
    "stimulus.kind === 'membership' ||",
    "stimulus.kind === 'answers' ||",
  ),
  inStories(
    'who is held out is followed for ever',
    'advance.ts',
    "state === 'active' && holdout ?",
    "state === 'ended' && holdout ?",
  ),
  inWalk('a window is as long in a test', 'advance.ts', 'shortened(goal.withinMs, speed)', 'goal.withinMs'),
  inStories(
    'an exit is left only by who does not await it',
    'advance.ts',
    'if (exits.some((exit) => meets',
    'if (!walk.waiting.length && exits.some((exit) => meets',
  ),
  inWalk(
    'who came last to wait goes on first',
    'advance.ts',
    'awaited.sort((a, b) => a.token.visit - b.token.visit)',
    'awaited.sort((a, b) => b.token.visit - a.token.visit)',
  ),
  inStories(
    'a verdict moves who awaits something else',
    'advance.ts',
    "one.visit === visit && one.wait.kind === 'outcome'",
    'one.visit === visit',
  ),
  inStories(
    'a timeout goes where it failed',
    'advance.ts',
    "'timedOut' in step ? step",
    "'timedIn' in step ? step",
  ),
  inSteps('an event at the limit is not late', 'watching.ts', 'occurredAt >= lateMs', 'occurredAt > lateMs'),
  inStories(
    'every reaction is to the last message',
    'watching.ts',
    'visitKey(instance, visit)',
    'event.properties["effect_key"]',
  ),
  inStories(
    'an event has its key where the journey says only',
    'watching.ts',
    'watch.event.key ?? journey.key',
    'journey.key',
  ),
  inStories('any waits for all', 'walk.ts', "step.join === 'any'", "step.join === 'never'"),
  inStories(
    'the first branch takes what encloses it along',
    'walk.ts',
    'this.stop(others, depth + 1)',
    'this.stop(others, depth)',
  ),
  inStories(
    'branches overtake one that asks',
    'walk.ts',
    "while (!this.tokens.some(({ wait }) => wait.kind === 'facts'))",
    'while (true)',
  ),
  inStories(
    'branches that were joined walk on',
    'walk.ts',
    '=> !others.includes(other)',
    '=> other !== others[1]',
  ),
  inStories('a loop has a turn more', 'act.ts', 'if (turns < step.times && ', 'if (turns <= step.times && '),
  inStories(
    'a loop stays inside itself',
    'act.ts',
    'token.frames.slice(0, -1) : token.frames',
    'token.frames : token.frames',
  ),
  inReactions(
    'a reaction is remembered by who was moved by it',
    'advance.ts',
    'if (awaited.length > 0 || happening',
    'if (happening',
  ),
  inStories(
    'a reaction is taken again and again',
    'act.ts',
    'walk.reacted.filter((other) => other !== reaction)',
    'walk.reacted',
  ),
  inReactions(
    'reactions are to any message of a step',
    'act.ts',
    'walk.reacted.filter(({ to }) => to !== token.step)',
    'walk.reacted',
  ),
  inReactions('who is paused goes on', 'advance.ts', 'if (!happening.held) {', 'if (happening.kind) {'),
  inSteps('jumps go round for ever', 'act.ts', 'before >= MOST_HOPS', 'before > MOST_HOPS'),
  inSteps('a share is one part larger', 'act.ts', 'part < upTo', 'part <= upTo'),
  inStories('a wait that is over waits', 'act.ts', 'instant <= walk.at', 'instant < walk.at'),
  inStories('the last arm that holds is taken', 'act.ts', 'holds.indexOf(true)', 'holds.lastIndexOf(true)'),
  inSteps('whatever is something holds', 'act.ts', 'facts.values[arm] === true', '!!facts.values[arm]'),
  inSteps(
    'a marked profile need not wait',
    'moments.ts',
    'Math.max(1, Math.ceil(',
    'Math.max(0, Math.floor(',
  ),
  inSteps('names of objects are values', 'act.ts', 'Object.hasOwn(values, name) ?', 'name in values ?'),
  inWalk('nobody is held out', 'advance.ts', 'if (!entering.holdout) walk', 'if (entering) walk'),
  inBound(
    'one branch is woken at a time',
    'most-visits.ts',
    'sum(branches.map(({ woken })',
    'highest(branches.map(({ woken })',
  ),
  inBound('nobody goes on at once', 'most-visits.ts', '(1 + mostRemembered(steps))', '1'),
  inBound('turns are walked once', 'most-visits.ts', 'turns(step.times) +', 'turns(1) +'),
  inTimes('nine at nine is now', 'local-time.ts', 'instant > after &&', 'instant >= after &&'),
  inTimes(
    'a day that is none counts',
    'local-time.ts',
    'if (instant > after && exists(zone, day, instant))',
    'if (instant > after)',
  ),
  inMoves(
    'who waits for something else waits on',
    'move-instance.ts',
    'if (old.kind !== step.kind) return false;',
    '',
  ),
  inMoves(
    'places may stand anywhere',
    'move-instance.ts',
    'return fits ? place : undefined;',
    'return place;',
  ),
];
