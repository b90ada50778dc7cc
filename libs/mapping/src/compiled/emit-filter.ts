import { ANY, KIND, type Value, isOnly } from './kinds';
import type { Place } from './place';
import { type Stage, refuse } from './syntax';

/** Applies the filters to the value with this code. */
export type Filters = (code: string) => string;

/** `[…]` behind a value, as often as there are some: tests are generated once, however often they are applied. */
export function emitFilters(stages: readonly Stage[], pure: boolean | undefined, at: Place): Filters {
  return stages
    .map(({ type, expr }): Filters => {
      if (type !== 'filter') refuse('a variable for the index');
      if (expr.type === 'number') return (code) => `at(${code}, ${Math.floor(Number(expr.value))})`;
      const { code: test, result } = at.closure({ pure }, (inner) => inner.value(expr));
      const yesOrNo = isOnly(result, KIND.boolean | KIND.missing);
      return (code) => `${yesOrNo ? 'where' : 'filter'}(${code}, ${test})`;
    })
    .reduce((first, then) => (code) => then(first(code)));
}

/** A value filtered; it may be loose. */
export function filtered(value: Value, stages: readonly Stage[], at: Place): Value {
  const { code, pure } = at.named(value);
  return { kind: ANY, loose: true, pure, code: at.constant(emitFilters(stages, pure, at)(code)) };
}
