import fc from 'fast-check';

// Mappings as admins write them for customers with orders (`arbitraryCustomer`): an object of fields, each one line of what
// the language is used for.

const PICTURES = [
  '[Y0001]-[M01]-[D01]',
  '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z]',
  '[D01]/[M01]/[Y0001]',
  '[FNn], [D1o] [MNn] [Y]',
  '[MNn,*-3] [D], [Y,2-2]',
  '[h]:[m01] [P]',
  '[h#1]:[m01][PN] [z]',
  '[X0001]-W[W01]-[F1]',
  '[d] [w] [xNn]',
  '[Dwo] of [MN]',
  '[YI] [Mi] [Da]',
  '[Y] [[x]] [E]',
  '[H01][m01][s01]',
  '[Q]',
];
const NUMBERS = [
  '#,##0.00',
  '0.0##',
  '#0%',
  '0.00‰',
  '0.0e0',
  '#,##0;(#,##0)',
  '000',
  '#.',
  "0'x'",
  '#,#0,0',
  '',
];
const INTEGERS = ['w', 'W', 'Ww', 'I', 'i', 'A', 'a', '1', '000', '#,##0', '1;o', 'w;o', '#', '٠'];
const PATTERNS = [
  '/a/',
  '/[a-z]+/i',
  '/(\\w+)@(\\w+)/',
  '/[;,]\\s*/',
  '/\\s+/',
  '/^A-(\\d+)$/m',
  '/x*/',
  '/(a)|(b)/',
  '/$/',
];

const one = (...choices: string[]): fc.Arbitrary<string> => fc.constantFrom(...choices);
const text = one(
  'name',
  'email',
  'orders.id',
  'orders[0].id',
  'orders.status',
  'main',
  '"Ada"',
  'orders.items.sku',
  'nothing',
);
const date = one('born', 'orders.at', 'orders[0].at', 'orders[-1].at', '"2026-01-02"', 'name');
const number = one(
  'limit',
  'seen',
  'orders.total',
  'orders[0].total',
  'orders.items.price',
  '1234.5',
  '-0.5',
  'name',
);
const list = one(
  'orders',
  'orders.items',
  'orders.id',
  'orders.items.sku',
  'orders[status = "paid"]',
  'orders.items.tags',
  '[name, email]',
  'nothing',
);
const quoted = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...texts.map((one) => JSON.stringify(one)));

/** A template whose blanks are filled one by one. */
function line(parts: TemplateStringsArray, ...blanks: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...blanks).map((filled) => parts.map((part, at) => part + (filled[at] ?? '')).join(''));
}

const way = one('', '<', '>');
const by = one(
  'total',
  'id',
  'at',
  '$number(total)',
  '$sum(items.price)',
  '$lowercase(status)',
  'items[0].sku',
  '-total',
);
const sorting = fc.oneof(
  line`orders^(${way}${by}).id`,
  line`orders^(${way}${by}, ${way}${by})[${one('0', '-1', '[0..1]')}].id`,
  line`orders.items^(${way}${one('price', 'sku', 'qty * price')}).sku`,
  line`$sort(${list}, function($l, $r) { ${one('$l.total > $r.total', '$l > $r', '$l.price < $r.price', '$string($l) > $string($r)')} })`,
  line`$sort(${list})`,
  line`orders[status = "paid"]^(${way}at)[0].items^(${way}price).sku`,
);
const step = one(
  '$trim',
  '$uppercase',
  '$length',
  '$string',
  '$number',
  '$exists',
  '$substring(?, 1)',
  '$split(?, " ")',
  '$join',
  '$count',
);
const many = one(
  '$filter(function($v) { $v.total > 1 })',
  '$filter(function($v, $i) { $i < 2 })',
  '$map(function($v) { $v.total })',
  '$map(function($v, $i, $a) { $i & "/" & $count($a) })',
  '$map($string)',
  '$reverse',
  '$distinct',
  '$sort(function($l, $r) { $string($l) < $string($r) })',
  '$append("x")',
  '$reduce(function($a, $b) { $string($a) & $string($b) })',
  '$zip([1, 2])',
);
const chains = fc.oneof(
  line`(${text} ~> ${step})`,
  line`(${text} ~> ${step} ~> ${step})`,
  line`(${list} ~> ${many})`,
  line`(${list} ~> ${many} ~> ${many})`,
  line`(${list} ~> ${many} ~> ${step})`,
  line`($f := ${one('$trim', '$string', '$uppercase')} ~> ${one('$lowercase', '$length', '$string')}; $f(${text}))`,
  line`(orders ~> |${one('items', '$', '*', 'items[qty > 1]')}|{"seen": ${one('true', 'id', '$.sku')}}${one('', ', "price"', ', ["sku", "qty"]')}|)`,
);
const pattern = fc.constantFrom(...PATTERNS);
const patterns = fc.oneof(
  line`$match(${text}, ${pattern})`,
  line`$match(${text}, ${pattern}${one('', ', 1', ', 0')})${one('.match', '[0].groups[0]', '.groups', '.index')}`,
  line`$replace(${text}, ${pattern}, ${one('"-"', '"$1"', '"$0$0"', '"$$"', '"$9"', '"$12x"')}${one('', ', 1', ', 0')})`,
  line`$replace(${text}, ${pattern}, function($m) { ${one('$uppercase($m.match)', '$m.groups[0]', '"<" & $m.match & ">"', '$count($m.groups) & ""')} })`,
  line`$split(${text}, ${pattern}${one('', ', 2', ', 0')})`,
  line`$contains(${text}, ${pattern})`,
  line`orders[$contains(${one('id', 'status', 'at')}, ${pattern})].id`,
);
const dates = fc.oneof(
  line`$toMillis(${date})`,
  line`$toMillis(${date}, ${quoted(PICTURES)})`,
  line`$fromMillis(${number}, ${quoted(PICTURES)})`,
  line`$fromMillis(${number}, ${quoted(PICTURES)}, ${quoted(['+0100', '-0730', '0000', 'x'])})`,
  line`$fromMillis($toMillis(${date}) + ${one('0', '86400000', '-1')}, ${quoted(PICTURES)})`,
  line`$now(${quoted(PICTURES)})`,
  line`$floor(($millis() - $toMillis(${date})) / 86400000)`,
);
const numbers = fc.oneof(
  line`$formatNumber(${number}, ${quoted(NUMBERS)})`,
  line`$formatNumber(${number}, ${one('"#.##0,00"', '"0,0"')}, {"decimal-separator": ",", "grouping-separator": "."})`,
  line`$formatInteger(${number}, ${quoted(INTEGERS)})`,
  line`$parseInteger(${one('"twelve"', '"XIV"', '"1,234"', 'name', '"aa"')}, ${quoted(INTEGERS)})`,
  line`$formatBase(${number}, ${one('2', '16', '36', '1')})`,
  line`$round(${number}, ${one('0', '2', '-2')})`,
  line`${one('$sum', '$max', '$min', '$average')}(${number})`,
  line`$string(${number} ${one('+', '-', '*', '/', '%')} ${number})`,
);
const test = one(
  'status = "paid"',
  'status != "paid"',
  'total > $$.limit',
  'total >= 1 and total <= 100',
  'items[sku = "a" and qty > 1]',
  'items[$not(sku in ["a", "b"])]',
  '$count(items[price > $$.limit]) > 0',
  'items.tags = "red"',
  '"red" in items.tags',
  '$exists(items[tags[0] = "x"])',
  'items[sku = $$.main]',
  'status in ["new", "paid"]',
  'id = $max($$.orders.id)',
);
const at = one('0', '-1', '1', '[0..1]', '[0, -1]', '1.9', '-9');
const predicates = fc.oneof(
  line`orders[${test}]${one('.id', '.items.sku', '.{"i": id}', '[]')}`,
  line`orders[${test}][${test}].id`,
  line`orders[${test}][${at}].id`,
  line`orders[${at}][${test}].items[${at}].sku`,
  line`orders.items[${one('price > 1', 'qty = 1', 'tags', 'sku in $$.orders.items.sku', '$number(price) > 0')}][${at}].sku`,
  line`**[${one('sku = "a"', 'total > 1', '$type($) = "string"')}]${one('', '.qty', '.id')}`,
  line`orders.*[${at}]`,
  line`orders.(items[${at}].sku)`,
  line`(orders.items)[${at}].sku`,
);
const singles = fc.oneof(
  line`${list}[]`,
  line`[${list}]`,
  line`${list}[${at}]`,
  line`orders.${one('id', 'items', 'items.sku', 'items.tags')}[]`,
  line`orders.[${one('id, total', 'items.sku', 'items', '[id]')}]`,
  line`orders{${one('status', '$string(total)', 'id & status')}: ${one('$sum(total)', 'id', 'items.sku[]', '$count(id)', '{"n": $count($)}')}}`,
  line`orders.{"id": ${one('id', '[id]', 'items.sku', 'items.sku[]')}, "n": $count(items)}`,
  line`$merge(orders.{id: ${one('total', 'items.sku', 'status')}})`,
  line`$append(${list}, ${list})`,
  line`$lookup(${one('orders', 'orders[0]', 'orders.items')}, ${one('"id"', '"sku"', 'main')})`,
  line`$single(${list}, function($v) { ${one('$v.status = "paid"', '$v = "a"', 'true', '$v.sku = $$.main')} })`,
  line`$each(orders[0], function($v, $k) { $k & "=" & $string($v) })`,
  line`$sift(orders[0], function($v, $k) { ${one('$exists($v)', '$k in ["id", "total"]', '$type($v) = "number"')} })`,
  line`$spread(${one('orders[0]', 'orders', 'orders.items[0]')})`,
  line`$reduce(${list}, function($a, $b) { ${one('$a + $b', '$string($a) & $string($b)', '$append($a, $b)')} }${one('', ', 0', ', []')})`,
);
const stock = fc.oneof(
  line`orders.items.{"o": %.${one('id', 'total', '%.name')}, "s": sku}`,
  line`orders@$o.items[${one('sku = $o.id', 'price < $o.total', 'true')}].{"o": $o.id, "s": sku}`,
  line`orders#$i[${one('$i < 2', 'total > 1')}].{"n": $i, "id": id}`,
  line`orders.items#$n[$n = ${one('0', '1')}].sku`,
);

const field: fc.Arbitrary<string> = fc
  .oneof(
    sorting,
    chains,
    patterns,
    dates,
    numbers,
    predicates,
    singles,
    { weight: 1, arbitrary: stock },
    text,
  )
  .chain((expression) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(expression) },
      fc.constantFrom(
        `$string(${expression})`,
        `$exists(${expression}) ? ${expression} : "none"`,
        `${expression} ?? "none"`,
        `(${expression}) = name`,
        `($v := ${expression}; [$v, $count($v)])`,
        `$count(${expression})`,
        `"x" & (${expression})`,
        `$type(${expression})`,
        `orders.(${expression})`,
        `$map(orders, function($o) { $o.(${expression}) })`,
      ),
    ),
  );

/** One field alone, or some of them as a mapping has them. */
export const arbitraryRealMapping: fc.Arbitrary<string> = fc.oneof(
  field,
  fc
    .array(field, { minLength: 2, maxLength: 6 })
    .map((fields) => `{${fields.map((one, at) => `"f${at}": ${one}`).join(', ')}}`),
);
