import type { FieldPath } from '@percorso/profile';
import { type Definition, type EventSelector, type Leaf, leavesOf, type Test } from './definition';

/** Every field. */
const ANYTHING: FieldPath[] = [[]];
/** What stands below the event itself is not looked at. */
const ITSELF = '';

/** Which fields a definition looks at to tell who is meant; of a condition that is not known here, all. */
export const fieldsOf = ({ where }: Definition): FieldPath[] => [...leavesOf(where)].flatMap(fieldsOfLeaf);

function fieldsOfLeaf(leaf: Leaf): FieldPath[] {
  switch (leaf.kind) {
    case 'trait':
      return [trait(leaf.test.path)];
    case 'identity':
      return [['identities', leaf.namespace]];
    case 'consent':
      return [['consent', leaf.channel, ...(leaf.topic === undefined ? [] : [leaf.topic])]];
    case 'account':
      return accounts(leaf.where);
    case 'accountMember':
      // What is asked of the members is a condition of its own among the leaves.
      return accounts(leaf.account);
    case 'calendar':
      return [trait(leaf.path), ...(leaf.zone && 'trait' in leaf.zone ? [trait(leaf.zone.trait)] : [])];
    case 'sample':
      return [];
    case 'list':
      return [['identities']];
    case 'event':
    case 'every':
      return events(leaf.events, 'path' in leaf.measure ? [leaf.measure.path] : []);
    case 'firstEvent':
      return events(leaf.events);
    case 'sequence':
      return [leaf.first, ...leaf.steps.map((step) => step.events)].flatMap((one) => events(one));
    default:
      return ANYTHING;
  }
}

const accounts = (tests: readonly Test[]): FieldPath[] => [
  ['groups'],
  ...tests.map(({ path }) => ['accounts', ...path.split('.')]),
];

const trait = (path: string): FieldPath => ['traits', ...path.split('.')];

const events = ({ name, where }: EventSelector, measured: string[] = []): FieldPath[] => [
  ['events', name, ITSELF],
  ...[...where.map((test: Test) => test.path), ...measured].map((path) => [
    'events',
    name,
    ...path.split('.'),
  ]),
];
