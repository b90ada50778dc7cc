/**
 * Mistakes one could make in the evaluators of audiences and the engine of journeys, and the spec that must notice each.
 *
 * @typedef {object} Mutant
 * @property {string} [lib]  'segmentation' unless said
 * @property {string} name
 * @property {string} file  below the lib's src
 * @property {string} from  found exactly once in the file
 * @property {string} to
 * @property {string} spec  below the lib's src
 * @property {string} [test]  only tests whose name contains this
 */

const inDifferential = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/incremental.spec.ts',
});
const inEdges = (test) => (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/edges.spec.ts',
  test,
});
const inAnswers = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/answers.spec.ts',
});
const inFolding = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/folding.spec.ts',
});
const inStream = (test) => (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/stream-evaluator.spec.ts',
  test,
});
const inFaults = (test) => (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/stream-faults.spec.ts',
  test,
});
const inCalendar = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'stream/stream-calendar.spec.ts',
});
const inSets = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'compile/compile-set.spec.ts',
});

const inMembers = (test) => (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'member/member.spec.ts',
  test,
});

const inValues = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'computed-trait/trait-value.spec.ts',
});
const inTraits = (test) => (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'computed-trait/computed-trait.spec.ts',
  test,
});
const inTraitSets = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'compile/compile-trait.spec.ts',
});
const inUnitedValues = (name, file, from, to) => ({
  name,
  file,
  from,
  to,
  spec: 'computed-trait/united-values.spec.ts',
});

/** @type {Mutant[]} */
exports.mutants = [
  inEdges('windows')(
    'a window begins a millisecond late',
    'stream/event-answer.ts',
    'matches.indexFrom(now + from)',
    'matches.indexFrom(now + from + 1)',
  ),
  inEdges('windows')(
    'a window includes its end',
    'stream/event-answer.ts',
    'matches.indexFrom(now + to)',
    'matches.indexFrom(now + to + 1)',
  ),
  inEdges('windows')('a fixed window includes its end', 'stream/slot.ts', 'at >= to', 'at > to'),
  inEdges('anniversaries')(
    'the person’s own time zone is ignored',
    'stream/profile-answer.ts',
    'isZone(told) ? told : usual',
    'isZone(told) ? usual : usual',
  ),
  inEdges('anniversaries')(
    '29 February is kept on 1 March',
    'stream/local-day.ts',
    '!isLeap(year) ? 28 : day',
    '!isLeap(year) ? 29 : day',
  ),
  inEdges('windows')(
    'told a millisecond too late that an event leaves its window',
    'stream/event-answer.ts',
    'times[start]! - from + 1',
    'times[start]! - from + 2',
  ),
  inEdges('sequences')(
    'told a millisecond too late that an absence is over',
    'stream/sequence-answer.ts',
    'due = Math.min(due, over);',
    'due = Math.min(due, over + 1);',
  ),
  inEdges('anniversaries')(
    'an anniversary is told a day too late',
    'stream/profile-answer.ts',
    'holds === tomorrow ? day + 2 : day + 1',
    'day + 2',
  ),
  inEdges('sequences')(
    'a step may come when its gap has just passed',
    'stream/sequence-answer.ts',
    'time - reached.times[before]! < gap',
    'time - reached.times[before]! <= gap',
  ),
  inEdges('sequences')(
    'an absence is broken by what comes when its gap has just passed',
    'stream/sequence-answer.ts',
    'next < to && times[next]! - moment < gap',
    'next < to && times[next]! - moment <= gap',
  ),
  inDifferential(
    'absent is entered before the gap has passed',
    'stream/sequence-answer.ts',
    '-Infinity : moment + gap;',
    '-Infinity : moment;',
  ),
  inEdges('sequences')(
    'a step may come in the same millisecond as the one before',
    'stream/sequence-answer.ts',
    'reached.times[before + 1]! < time',
    'reached.times[before + 1]! <= time',
  ),
  inEdges('values of every type')(
    'distinct values of different types are one',
    'stream/event-answer.ts',
    'values.add(value)',
    "values.add(typeof value === 'number' ? String(value / 1e6) : String(value))",
  ),
  inEdges('a denial')(
    'a grant goes before a denial',
    'stream/profile-answer.ts',
    "denied ? 'denied' : granted ? 'granted' : 'unknown'",
    "granted ? 'granted' : denied ? 'denied' : 'unknown'",
  ),
  inEdges('values of every type')(
    'numbers are rounded as floating point',
    'stream/numeric.ts',
    'return BigInt(decimal.slice(0, dot) + fraction',
    'if (Number(decimal)) return BigInt(Math.round(Number(decimal) * 1e6)) * 1000n;\n  return BigInt(decimal.slice(0, dot) + fraction',
  ),
  inEdges('values of every type')(
    'averages are rounded',
    'stream/event-answer.ts',
    'numbersCompare(op, total.sum, times(limit, total.count))',
    "numbersCompare(op, typeof total.sum === 'number' ? Math.round(total.sum / total.count) : total.sum / BigInt(total.count), limit)",
  ),
  inEdges('values of every type')(
    'text is ordered by UTF-16 units',
    'stream/scalar.ts',
    'if (surrogates !== 0) return surrogates;',
    '',
  ),
  inEdges('dates that move')(
    'tests against moving dates are frozen when the event comes',
    'stream/slots.ts',
    'movesWithTime(test) || test.lookup !== undefined',
    'test.lookup !== undefined',
  ),
  inDifferential(
    'slots of different filters are one',
    'stream/slots.ts',
    'canonicalJson([selector, String(from), String(to)])',
    'canonicalJson([selector.name, String(from), String(to)])',
  ),
  inEdges('windows')(
    'slots of different fixed windows are one',
    'stream/slots.ts',
    'canonicalJson([selector, String(from), String(to)])',
    'canonicalJson([selector, String(from)])',
  ),
  inEdges('windows')(
    'a period takes in the first moment of the next',
    'stream/event-answer.ts',
    'const from = matches.indexFrom(bound - every);',
    'const from = matches.indexFrom(bound - every + 1);',
  ),
  inEdges('windows')(
    'the first event is the first in the window',
    'stream/event-answer.ts',
    'const holds = !(from && first < momentOf(from, now)) &&',
    'const holds = !(from && matches.indexFrom(momentOf(from, now)) === matches.end) &&',
  ),
  inEdges('folded')(
    'the line of folding is off by one',
    'stream/match-lists.ts',
    'const until = matches.indexFrom(time);',
    'const until = matches.indexFrom(time + 1);',
  ),
  inEdges('folded')(
    'late events older than the fold are forgotten',
    'stream/person-state.ts',
    'this.events.fold(slot, at, rowFor(slot, read));',
    'continue;',
  ),
  inEdges('folded')(
    'what lies behind an event that goes into two slots moves by one place',
    'stream/match-lists.ts',
    'makeRoom(times, index, until, shift + 1, at);',
    'makeRoom(times, index, until, 1, at);',
  ),
  inDifferential(
    'events that come late stand where they came',
    'stream/match-lists.ts',
    'while (index > start && times[index - 1]! > at) index--;',
    '',
  ),
  inDifferential(
    'a late event’s values stand behind those of later ones',
    'stream/match-lists.ts',
    '- valuesShift - (end - index) * places.length;',
    '- valuesShift;',
  ),
  inFolding(
    'of events that are folded the values are kept',
    'stream/match-lists.ts',
    'this.values.splice(this.valuesFrom(nth), count * paths.length);',
    '',
  ),
  inEdges('windows')(
    'an answer is kept in the very millisecond at which it is due',
    'stream/answers.ts',
    'dues[nth]! <= now',
    'dues[nth]! < now',
  ),
  inEdges('sequences')(
    'a step that comes does not have its sequence asked again',
    'stream/plan.ts',
    'for (const slot of [first, ...steps]) {',
    'for (const slot of [first]) {',
  ),
  inDifferential(
    'numbers are not found where slots are told apart by a property’s value',
    'stream/property-reader.ts',
    'slots.get(read.scalars[place])',
    'slots.get(String(read.scalars[place]))',
  ),
  inAnswers(
    'answers on a profile outlive its version',
    'stream/answers.ts',
    'itemsChanged || state.profileVersion !== look.profileVersion',
    'itemsChanged',
  ),
  inAnswers(
    'answers on a profile outlive their moment',
    'stream/answers.ts',
    '!changed && state.profileDue > look.now',
    '!changed',
  ),
  inAnswers(
    'an identity that comes is not looked at until somebody is woken',
    'stream/answers.ts',
    'look.woken ? wokenPlaces : identityPlaces',
    'look.woken ? wokenPlaces : []',
  ),
  inAnswers(
    'who is woken is not asked about accounts and lists',
    'stream/answers.ts',
    'look.woken ? wokenPlaces : identityPlaces',
    'identityPlaces',
  ),
  inAnswers(
    'items of events that changed are not looked up again',
    'stream/answers.ts',
    '(itemsChanged && slots[state.events.slotAt(nth)!]!.looksUp)',
    'false',
  ),
  inAnswers(
    'items of traits that changed are not looked up again',
    'stream/answers.ts',
    'profileLooksUp && state.itemsAsOf !== items.changes',
    'false',
  ),
  inAnswers(
    'of a leaf that turned only one audience is asked again',
    'stream/answers.ts',
    'for (const program of leaf.programs) this.mark(program);',
    'for (const program of leaf.programs.slice(0, 1)) this.mark(program);',
  ),
  inEdges('folded')(
    'totals are not counted where the window’s end slides',
    'stream/event-answer.ts',
    'totals: from === undefined,',
    'totals: from === undefined && to === undefined,',
  ),
  inFolding(
    'a leaf’s events are folded as early as another leaf of the slot allows',
    'stream/slots.ts',
    'slot.keep = Math.min(slot.keep,',
    'slot.keep = Math.min(Infinity,',
  ),
  inFolding(
    'folded events keep no smallest number',
    'stream/matches.ts',
    'min: isLess(value, total.min) ? value : total.min,',
    'min: total.min,',
  ),
  inStream('follows a merge')(
    'a merge is missed: state is kept',
    'stream/subject-reader.ts',
    'for (const person of [...voided, ...gone]) cache.drop(person)',
    'for (const person of gone) cache.drop(person)',
  ),
  inStream('beside arriving events')(
    'a set overtakes newer answers',
    'stream/set-guard.ts',
    '!this.persons.has(person) && !woken.has(person)',
    'person > 0',
  ),
  inStream('beside arriving events')(
    'state kept for other audiences serves a new one',
    'stream/person-caches.ts',
    'known.cache.plan === plan && ',
    '',
  ),
  inStream('to the millisecond')(
    'wakes are looked up a millisecond too late',
    'stream/time-edges.ts',
    'window, after: 1 - fromNow }',
    'window, after: 2 - fromNow }',
  ),
  inFaults('the oldest count too')(
    'what overflowed is kept from then on as if it were all',
    'stream/person-state.ts',
    'this.overflowed = new Set([...this.overflowed, slot.index]);',
    '',
  ),
  inFaults('a merge or an unmerge')(
    'state outlives a turn of another process',
    'stream/person-caches.ts',
    'turns.get(partition) !== turn)',
    'turns.get(partition) !== turn && turn < 0)',
  ),
  inFaults('more merges at once')(
    'merges that are not woken yet are missed',
    'stream/subject-reader.ts',
    'this.wakes.voided(tx, persons)',
    'this.wakes.voided(tx, touched.filter(({ woken }) => woken).map(({ person }) => person))',
  ),
  inFaults('poisoned')(
    'state that led to drift is trusted on',
    'stream/stream-cursor.store.ts',
    'SET turn = turn + 1 WHERE',
    'SET turn = turn WHERE',
  ),
  inFaults('poisoned')(
    'a lost wake is waited for for ever',
    'stream/stream-evaluator.ts',
    'turn.until === from && !overdue)',
    'turn.until === from)',
  ),
  inFaults('1,000 definitions')(
    'a turn writes however many answers change',
    'stream/stream-evaluator.ts',
    'this.assertFew(turn, touched, verdicts);',
    '',
  ),
  inFaults('1,000 definitions')(
    'slots without events are kept for everybody',
    'stream/person-state.ts',
    'this.size = PERSON_BYTES + BYTES * profileLeaves.length;',
    'this.size = PERSON_BYTES + BYTES * profileLeaves.length;\n    for (const slot of (arguments[0] as Plan).slots) this.opened(slot);',
  ),
  inCalendar(
    'a day begins 24 hours after the one before',
    'stream/local-day.ts',
    'const known = starts.get(key);',
    'const known = starts.get(key) ?? (starts.has(`${zone} ${day - 1}`) ? starts.get(`${zone} ${day - 1}`)! + DAY_MS : undefined);',
  ),
  inCalendar(
    'persons in zones of their own are woken by the workspace’s midnight',
    'stream/compile-calendar-wakes.ts',
    'add(zones[0]!,',
    "add('UTC',",
  ),
  inMembers('counts others')(
    'a profile counts as another member of its account',
    'member/member-match.store.ts',
    '.some((member) => member !== except)',
    '.length > 0',
  ),
  inMembers('by what one of them did')(
    'the last member that satisfies a condition goes unnoticed',
    'member/member-match.store.ts',
    'Math.min(after, after - came + went)',
    'after - came + went',
  ),
  inMembers('members change while')(
    'an audience is answered before its members’ answers are complete',
    'stream/plan.ts',
    'if (!members.every(({ settled }) => settled)) continue;',
    'if (!members.every(({ id }) => id !== undefined)) continue;',
  ),
  inSets(
    'sets: one’s own person counts as another member',
    'evaluation/sharing-accounts.ts',
    'others && found.length === 1',
    'others && found.length === 0',
  ),
  inSets(
    'sets: a window includes its end',
    'compile/compile-event-leaf.ts',
    "bound('<', instantOf(window.to, scope.now))",
    "bound('<=', instantOf(window.to, scope.now))",
  ),
  inSets(
    'sets: a gap that has just passed is not over',
    'compile/compile-sequence.ts',
    'n.1 - x.1 >= ${within}',
    'n.1 - x.1 > ${within}',
  ),
  inSets(
    'sets: nodes that are gone are not counted',
    'compile/people.ts',
    'arrayWithConstant(gap, toUInt32(0))',
    'arrayWithConstant(0, toUInt32(0))',
  ),
  inSets(
    'sets: steps are looked for in the window of the first',
    'compile/compile-sequence.ts',
    'from ? { from } : {}',
    'leaf.window',
  ),
  inSets(
    'sets: whom an absence holds for is whom it does not hold for',
    'evaluation/find-members.ts',
    'const persons = complement && found.get(key);',
    'const persons = !complement && key !== POPULATION && found.get(key);',
  ),
  inValues(
    'traits: averages are cut instead of rounded',
    'computed-trait/trait-value.ts',
    'return (2n * sum + half) / (2n * count);',
    'return half === 0n ? half : sum / count;',
  ),
  inValues(
    'traits: a value that came again is as old as when it came first',
    'computed-trait/trait-value.ts',
    "if (of !== 'firstValue') known.at = at;",
    "if (of === 'firstValue') known.at = at;",
  ),
  inValues(
    'traits: of values that came equally often the smallest stands',
    'computed-trait/trait-value.ts',
    'if (a.at !== b.at) return of',
    "if (of !== 'mostFrequent' && a.at !== b.at) return of",
  ),
  inValues(
    'traits: numbers are values that are too large to be kept',
    'computed-trait/trait-value.ts',
    'value: fits ? value : undefined',
    'value: fits ? value : value',
  ),
  inValues(
    'traits: told a millisecond too late that an event leaves',
    'computed-trait/trait-value.ts',
    'due: span.due }',
    'due: span.due + 1 }',
  ),
  inTraits('may look at each other')(
    'traits: what another trait of the same turn became goes unnoticed',
    'computed-trait/trait-answers.ts',
    '(changed || moved)',
    'changed',
  ),
  inTraits('may look at each other')(
    'traits: may be asked before those they look at',
    'computed-trait/order-traits.ts',
    'if (used) visit(used, [...path, trait.key]);',
    'if (used && path.includes(key)) visit(used, [...path, trait.key]);',
  ),
  inTraits('change by time')(
    'traits: nobody is woken when time alone changes a value',
    'computed-trait/trait-answers.ts',
    'due = Math.min(due, answer.due);',
    '',
  ),
  inTraits('change by time')(
    'traits: nobody is woken when time alone changes a value of a set',
    'computed-trait/trait-computer.ts',
    'sweepDefinitions(workspaceId, [{ version: 1, where }]',
    'sweepDefinitions(workspaceId, [{ version: 1, where }].slice(1)',
  ),
  inTraits('bring audiences along')(
    'traits: audiences do not follow a set',
    'computed-trait/trait-computer.ts',
    'changed > 0 ? this.uses.follow(',
    'changed < 0 ? this.uses.follow(',
  ),
  inTraits('let newer answers stand')(
    'traits: a set overtakes newer values',
    'computed-trait/trait-computer.ts',
    'const mine = remaining.has(person);',
    'const mine = remaining.size >= 0;',
  ),
  inTraits('belong to the hub')(
    'traits: without a value what sources say is seen in sets',
    'computed-trait/trait-computer.ts',
    'const hides = lease.backfilledVersion === null;',
    'const hides = lease.backfilledVersion === 0;',
  ),
  inTraits('leave profiles that another')(
    'traits: whose profile was held is not looked at again',
    'computed-trait/trait-keeper.ts',
    'kept.set(person, { profile, due: now.getTime() });',
    'kept.set(person, { profile, due });',
  ),
  inTraits('one worker at a time')(
    'traits: a worker that lost its lease writes on',
    'computed-trait/computation.store.ts',
    'AND key = $2 AND fence = $3',
    'AND key = $2 AND fence >= $3',
  ),
  inTraits('follow items')(
    'traits: items that changed are not looked up again',
    'computed-trait/computation.store.ts',
    "'$.**.lookup ? (@ == $name)'",
    "'$.**.lookup ? (@ != $name)'",
  ),
  inTraitSets(
    'traits: averages are cut in sets',
    'compile/compile-trait.ts',
    'intDiv(2 * abs(${sum}) + ${count}, 2 * ${count})',
    'intDiv(2 * abs(${sum}), 2 * ${count})',
  ),
  inTraitSets(
    'traits: in sets, of values that came equally often the smallest stands',
    'compile/compile-trait.ts',
    "best('-toInt64(n)', '-toUnixTimestamp64Milli(t)')",
    "best('-toInt64(n)', '0')",
  ),
  inTraitSets(
    'traits: the last value is the first in sets',
    'compile/compile-trait.ts',
    "of === 'lastValue' ? '-t' : 't'",
    "of === 'lastValue' ? 't' : 't'",
  ),
  inUnitedValues(
    'traits: only persons of the first shard have values',
    'computed-trait/find-values.ts',
    'parts.find((values) =>',
    'parts.slice(0, 1).find((values) =>',
  ),
  ...require('./journey-mutants.cjs').journeyMutants,
  ...require('./fixture-mutants.cjs').fixtureMutants,
];

/**
 * The source with the mistake in it.
 * @param {string} source
 * @param {Mutant} mutant
 */
exports.mutated = (source, { name, file, from, to }) => {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`Mutant "${name}" must match once in ${file} and matches ${found} times`);
  // A function: replacement patterns such as $& mean nothing here.
  return source.replace(from, () => to);
};
