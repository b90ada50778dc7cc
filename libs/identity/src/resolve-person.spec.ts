import { byPriority, Claim } from './claims';
import { DEFAULT_NAMESPACES } from './namespace';
import { IdentityGraph, PersonFacts } from './resolve-person';

const SHORT: Record<string, string> = {
  u: 'user_id',
  e: 'email',
  p: 'phone',
  d: 'device_id',
  a: 'anonymous_id',
};

/** `u1` is user_id u1, and so on. */
const claims = (text: string): Claim[] =>
  text.split(' ').map((value) => ({ namespace: SHORT[value[0]!]!, value }));

class World {
  readonly graph: IdentityGraph;
  private index = 0;

  constructor(facts = new Map<number, PersonFacts>()) {
    this.graph = new IdentityGraph(byPriority(DEFAULT_NAMESPACES), facts, [], 0);
  }

  say(text: string): number {
    const { node } = this.graph.place(claims(text), this.index++);
    return this.personOfNode(node);
  }

  alias(text: string, previous: string): void {
    const asked = ['user_id', 'anonymous_id'].map((namespace) => ({ namespace, value: previous }));
    this.graph.place(claims(text), this.index++, asked);
  }

  person(value: string): number {
    return this.personOfNode(this.graph.created.find((node) => node.value === value)!.node);
  }

  private personOfNode(number: number): number {
    return this.graph.root(this.graph.created.find((node) => node.node === number)!.person);
  }
}

describe('resolving persons', () => {
  it('gives an anonymous visitor who logs in one person, without a merge', () => {
    const world = new World();
    const anonymous = world.say('a1');
    expect(world.say('u1 a1')).toBe(anonymous);
    expect(world.graph.merges).toEqual([]);
  });

  it('merges two known persons; the one with the stronger identity stays', () => {
    const world = new World();
    const anonymous = world.say('a1');
    const user = world.say('u1');
    world.say('u1 a1');
    expect(world.graph.merges).toEqual([{ winner: user, loser: anonymous, event: 2, kind: 'identify' }]);
    expect(world.person('a1')).toBe(user);
  });

  it('between equals the older stays', () => {
    const world = new World();
    world.say('e1');
    world.say('e2');
    world.graph.place(claims('p1 e2'), 7);
    world.graph.place(claims('e1 e2'), 8);
    expect(world.graph.merges.at(-1)).toMatchObject({ winner: world.person('e1'), event: 8 });
    expect(world.person('e1')).toBe(1);
  });

  it('keeps two users of a shared device apart and says so once', () => {
    const world = new World();
    const first = world.say('u1 d1');
    const second = world.say('u2 d1');
    world.say('u2 d1');
    expect(second).not.toBe(first);
    expect(world.person('d1')).toBe(first);
    expect(world.graph.refusals).toEqual([{ kept: second, refused: first, namespace: 'user_id', event: 1 }]);
    expect(world.graph.merges).toEqual([]);
  });

  it('believes an alias even between two users', () => {
    const world = new World();
    const old = world.say('u1');
    world.say('u2');
    world.alias('u2', 'u1');
    expect(world.graph.merges).toEqual([{ winner: old, loser: 2, event: 2, kind: 'alias' }]);
    expect(world.person('u2')).toBe(old);
  });

  it('remembers an alias that comes before its previous id is ever seen', () => {
    const world = new World();
    world.alias('u1', 'a1');
    expect(world.say('a1')).toBe(world.person('u1'));
  });

  it('lets no automatic merge undo a separation by hand, an alias may', () => {
    const facts = (apart: number[]): PersonFacts => ({
      priority: 10,
      unique: new Set(),
      apart: new Set(apart),
    });
    const known = [
      { ...claims('a1')[0]!, node: 1, home: 1, person: 1 },
      { ...claims('a2')[0]!, node: 2, home: 2, person: 2 },
    ];
    const graph = new IdentityGraph(
      byPriority(DEFAULT_NAMESPACES),
      new Map([
        [1, facts([2])],
        [2, facts([1])],
      ]),
      known,
      2,
    );
    graph.place(claims('a1 a2'), 0);
    expect(graph.merges).toEqual([]);
    expect(graph.refusals).toEqual([{ kept: 1, refused: 2, namespace: '', event: 0 }]);
    graph.place(claims('u1 a1'), 1, [{ namespace: 'anonymous_id', value: 'a2' }]);
    expect(graph.merges).toEqual([{ winner: 1, loser: 2, event: 1, kind: 'alias' }]);
  });

  it('gives a new node the home of the node it came with, so that a reversal finds its way', () => {
    const world = new World();
    world.say('a1');
    world.say('u1');
    world.say('u1 a1');
    world.say('a1 d9');
    const home = (value: string): number => world.graph.created.find((node) => node.value === value)!.home;
    expect(home('d9')).toBe(home('a1'));
    expect(world.person('d9')).toBe(world.person('u1'));
  });
});
