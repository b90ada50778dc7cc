import { KIND, type Value, isOnly, truthCode } from './kinds';
import type { Place } from './place';
import { type Node, refuse } from './syntax';

const NUMERIC: Record<string, string> = { '+': 'plus', '-': 'minus', '*': 'times', '/': 'over', '%': 'rest' };
const ORDER: Record<string, string> = { '<': 'less', '<=': 'most', '>': 'more', '>=': 'least' };

export function emitBinary(node: Node, at: Place): Value {
  const operator = String(node.value);
  const lhs = node.lhs as Node;
  const rhs = node.rhs as Node;
  if (operator === 'and' || operator === 'or') return emitLogic(operator, lhs, rhs, at);
  const one = at.named(at.value(lhs));
  const listed = operator === 'in' ? literals(rhs) : undefined;
  // Nothing that is missing is the same as one of them.
  if (listed)
    return {
      code: `(${listed.map((node) => `${one.code} === ${at.value(node).code}`).join(' || ') || 'false'})`,
      kind: KIND.boolean,
      pure: true,
    };
  const other = at.named(at.value(rhs));
  const a = one.code;
  const b = other.code;
  if (operator in NUMERIC) {
    const fast = [one, other]
      .filter((value) => !isLiteral(value))
      .map(({ code }) => `Number.isFinite(${code})`);
    const code = `(${fast.join(' && ') || 'true'} ? ${a} ${operator} ${b} : ${NUMERIC[operator]}(${a}, ${b}))`;
    const literal = [one, other].every((value) => !isLiteral(value) || value.kind === KIND.number);
    return {
      code: at.constant(literal ? code : `${NUMERIC[operator]}(${a}, ${b})`),
      kind: KIND.number | KIND.missing,
      pure: true,
    };
  }
  if (operator in ORDER) {
    const open = [one, other].filter(({ kind }) => kind !== KIND.number);
    const fast = open.map(({ code }) => `typeof ${code} === "number"`).join(' && ');
    return {
      code: at.constant(`${fast || 'true'} ? ${a} ${operator} ${b} : ${ORDER[operator]}(${a}, ${b})`),
      kind: KIND.boolean | KIND.missing,
      pure: true,
    };
  }
  switch (operator) {
    case '=':
    case '!=':
      return { code: equality(operator === '=', one, other), kind: KIND.boolean, pure: true };
    case 'in':
      return { code: `isIn(${a}, ${b})`, kind: KIND.boolean, pure: true };
    case '&':
      return { code: at.constant(`${textCode(one)} + ${textCode(other)}`), kind: KIND.text, pure: true };
    case '..':
      return { code: `range(${a}, ${b})`, kind: KIND.list | KIND.missing, loose: true, pure: true };
    default:
      return refuse(`the operator ${operator}`);
  }
}

/** The items of a short list of texts and numbers written out. */
function literals({ type, value, expressions, predicate, group }: Node): Node[] | undefined {
  if (type !== 'unary' || value !== '[' || predicate || group || expressions!.length > 20) return undefined;
  const plain = expressions!.every(
    (node) => (node.type === 'string' || node.type === 'number') && !node.predicate && !node.group,
  );
  return plain ? expressions : undefined;
}

const isLiteral = ({ code }: Value): boolean => /^(?:"|\(?-?\d|true$|false$|null$|undefined$)/.test(code);

const textCode = (value: Value): string => (value.kind === KIND.text ? value.code : `text(${value.code})`);

function equality(wanted: boolean, one: Value, other: Value): string {
  const simple = KIND.text | KIND.number | KIND.boolean | KIND.null;
  if (!isOnly(one, simple) && !isOnly(other, simple))
    return `${wanted ? 'equal' : 'unequal'}(${one.code}, ${other.code})`;
  // Nothing that is missing, and nothing that is compared item by item, is the same as one that is simple.
  if (wanted) return `(${one.code} === ${other.code})`;
  const [known, open] = isOnly(one, simple) ? [one, other] : [other, one];
  return `(${open.code} !== undefined && ${open.code} !== ${known.code})`;
}

function emitLogic(operator: 'and' | 'or', lhs: Node, rhs: Node, at: Place): Value {
  const sign = operator === 'and' ? '&&' : '||';
  const test = truthCode(at.value(lhs));
  const inner = at.inner();
  const then = truthCode(inner.value(rhs));
  if (inner.lines.length === 0) return { code: `(${test} ${sign} ${then})`, kind: KIND.boolean, pure: true };
  const name = at.program.name();
  at.lines.push(
    `let ${name} = ${test}; if (${operator === 'and' ? name : `!${name}`}) {${inner.lines.join('\n')}\n${name} = ${then};}`,
  );
  return { code: name, kind: KIND.boolean, pure: true };
}

export function emitNegation(node: Node, at: Place): Value {
  const value = at.value(node.expression!);
  return { code: at.constant(`negated(${value.code})`), kind: KIND.number | KIND.missing, pure: true };
}
