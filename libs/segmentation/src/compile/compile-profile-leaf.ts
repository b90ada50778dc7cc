import type { ConsentLeaf, TraitLeaf } from '../definition/definition';
import { compileTest } from './compile-test';
import type { Parameters } from './parameters';

/** A leaf answered by one row of percorso.profile, as a boolean expression over its columns. */
export function compileProfileLeaf(leaf: TraitLeaf | ConsentLeaf, parameters: Parameters, now: Date): string {
  return leaf.kind === 'trait' ? compileTest(leaf.test, parameters, now) : compileConsent(leaf, parameters);
}

// Keys are `channel` and `channel:topic`. A denial of either is a denial, else a grant of either is a grant.
function compileConsent(leaf: ConsentLeaf, parameters: Parameters): string {
  const keys = [leaf.channel, ...(leaf.topic === undefined ? [] : [`${leaf.channel}:${leaf.topic}`])];
  const said = (state: string): string =>
    `(${keys.map((key) => `consent[${parameters.text(key)}] = '${state}'`).join(' OR ')})`;
  if (leaf.is === 'denied') return said('denied');
  if (leaf.is === 'granted') return `(${said('granted')} AND NOT ${said('denied')})`;
  return `NOT (${said('granted')} OR ${said('denied')})`;
}
