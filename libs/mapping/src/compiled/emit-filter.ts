import { KIND, type Value, isOnly } from './kinds';
import type { Place } from './place';
import { type Stage, refuse } from './syntax';

/** `[…]` behind a value, as often as there are some; the result may be loose. */
export function emitFilters(value: Value, stages: readonly Stage[], at: Place): Value {
  return stages.reduce((before, { type, expr }) => {
    if (type !== 'filter') refuse('a variable for the index');
    const { pure } = before;
    const result = { kind: before.kind | KIND.missing | KIND.list, loose: true, pure };
    if (expr.type === 'number')
      return { ...result, kind: 255, code: `at(${before.code}, ${Math.floor(Number(expr.value))})` };
    const list = at.named(before);
    const test = at.closure({ pure }, (inner) => inner.value(expr));
    const yesOrNo = isOnly(test.result, KIND.boolean | KIND.missing);
    return { ...result, code: at.constant(`${yesOrNo ? 'where' : 'filter'}(${list.code}, ${test.code})`) };
  }, value);
}
