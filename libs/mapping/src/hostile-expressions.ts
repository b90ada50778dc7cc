/** What a row with a hostile expression must come to: any clear error, an error by pattern, or exactly this output. */
export type Verdict = 'any' | RegExp | { output: unknown };

const OUT_OF_TIME = /^(mapping-timeout|D1011|D1012)$/;
const OUT_OF_ROOM =
  /^(mapping-(memory|crashed|timeout|failed|output-too-large|output-not-json)|D1011|D1012|D2014|D2015)$/;

/** Runs for ever, or as good as. */
const ENDLESS = `
($f := function($x){$f($x + 1)}; $f(1))
($f := function($x){1 + $f($x)}; $f(1))
($f := function(){$f()}; $f())
($a := function(){$b()}; $b := function(){$a()}; $a())
($y := function($g){$g($g)}; $y($y))
($f := function($x){[$f($x), $f($x)]}; $f(1))
($f := function($n){$n = 0 ? 0 : $f($n - 1) + $f($n - 1)}; $f(60))
($f := function($x){$map([1, 2], function($v){$f($v)})}; $f(1))
($f := function($a, $b){$f($a, $b)}; $sort([3, 2, 1], $f))
($t := $millis(); $f := function(){$millis() - $t > 1000 ? 1 : $f()}; $f())
($f := function($x){$x ~> $f}; $f(1))
($f := function($x)<n-:n>{$f($x)}; $f(1))
$count([1..100000].([1..100000]))
[1..100000].([1..100000].$)
$count([1..1000].([1..1000].([1..1000].(1))))
[1..100000][$ in [1..100000]]
$map([1..100000], function($v){$map([1..100000], function($w){$w})})
$filter([1..100000], function($v){$count([1..100000]) = 0})
$reduce([1..100000], function($a, $b){$append($a, $b)})
[1..20000]^($count([1..5000][$ > 1]))
$count($distinct([1..100000].{"a": $}))
[1..100000].$sort([1..1000], function($a, $b){$a > $b})
[1..100000].$each({"a": 1, "b": 2}, function($v){[1..1000]})
[1..100000].$sift({"a": 1}, function($v){$count([1..10000]) > 1})
[1..100000].$reduce([1..10000], function($a, $b){$a + $b})
[1..100000].({"k": $} ~> |$|{"a": [1..1000]}|)
($x := [1..300].{"a": [1..300].{"b": $}}; $count($x.**.**))
[1..50000].$single([1..50000], function($v){$v = 50000})
$contains($pad("a", 40, "a") & "!", /^(a+)+$/)
$match($pad("a", 60, "a") & "!", /^(a|aa)+$/)
$replace($pad("a", 40, "a") & "!", /(a*)*b/, "")
$split($pad("x", 40, "x"), /(x+x+)+y/)
$filter(["x"], function($v){$contains($pad("a", 40, "a") & "!", /^(a+)+$/)})
`;

/** Grows beyond what a row may have. */
const HUGE = `
[1..10000000]
[1..99999999999]
[-1e15..1e15]
[1..100000].{"a": $, "b": "a long text"}
$zip([1..100000], [1..100000])
$reverse([1..100000]).($string($) & "aaaaaaaaaaaaaaaaaaaa")
[1..100000].$pad("x", 1000)
$pad("x", 2000000)
$pad("x", 500000000)
$pad("x", -500000000)
$pad("x", 1e308)
($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f("xxxxxxxxxx", 40))
$join([1..90000].$pad("x", 10000))
$replace($pad("a", 100000, "a"), "a", $pad("b", 100000, "b"))
$base64encode($pad("x", 100000000))
$split($pad("a", 1000000, "a"), "")
$string([1..100000].[1..100])
$uppercase($pad("ß", 200000000, "ß"))
$encodeUrlComponent($pad("€", 50000000, "€"))
$match($pad("a", 1000000, "a"), /a/)
$reduce([1..100000], function($a, $b){{"a": $a}})
($match("ooo", /o/) ?? 1)
$spread([1..100000].{"a": 1, "b": 2})
$append([1..100000], [1..100000])
function($x){$x}
{"f": $sum}
`;

const nested = (open: string, inner: string, close: string, times: number): string =>
  open.repeat(times) + inner + close.repeat(times);

/** Expressions that try to hang, fill or break out of a mapping's process. */
export const HOSTILE: readonly [expression: string, verdict: Verdict][] = [
  ...lines(ENDLESS).map((line): [string, Verdict] => [line, OUT_OF_TIME]),
  ...lines(HUGE).map((line): [string, Verdict] => [line, OUT_OF_ROOM]),
  // Prototypes.
  ['{"a": {"__proto__": {"polluted": 1}}}', { output: { a: {} } }],
  ['[$merge([{"__proto__": {"polluted": 1}}]).polluted]', { output: [] }],
  ['[($ ~> |$|{"__proto__": {"polluted": 1}}|).polluted]', { output: [] }],
  ['[$lookup($, "__proto__"), $lookup($, "constructor")]', { output: [] }],
  ['[$$.__proto__.polluted, constructor.prototype, "a".constructor, (1).toString]', { output: [] }],
  ['[$map.implementation, $map.constructor, (function(){1}).environment]', { output: [] }],
  ['$.constructor.constructor("return process")()', { output: undefined }],
  ['toString()', /^T100[56]$/],
  ['$constructor("return process")', /^T1006$/],
  ['$hasOwnProperty("v")', /^T1006$/],
  ['$each({"constructor": 1, "toString": 2}, function($v, $k){$k})', { output: ['constructor', 'toString'] }],
  ['{"toString": 1, "valueOf": 2, "toJSON": 3}', { output: { toString: 1, valueOf: 2, toJSON: 3 } }],
  ['{"then": 1, "length": 5}', { output: { then: 1, length: 5 } }],
  ['[1..3].{"`${process.exit()}`": "\u2028\\"); process.exit(); (\\""}[0]', 'any'],
  ['`"]; process.exit(); [\\"` & "fine"', 'any'],
  // Numbers beyond what formats were made for.
  ['$formatBase(1e308, 2)', 'any'],
  ['$formatInteger(999999999, "I")', 'any'],
  ['$formatInteger(1e300, "w")', 'any'],
  ['$formatNumber(1, $pad("0", 100000, "0"))', 'any'],
  ['$fromMillis(1e300)', 'any'],
  ['$toMillis("x", $pad("[", 1000, "["))', 'any'],
  ['$power(10, 400)', /^D3061$/],
  ['$string(1/0)', /^D3001$/],
  ['$sort([1..100000], function($a, $b){true})', 'any'],
  ['$keys($merge([1..50000].{$string($): 1}))', 'any'],
  // Nesting.
  [nested('[', '1', ']', 300), 'any'],
  [nested('{"a":', '1', '}', 300), 'any'],
  [nested('$not(', '1', ')', 300), 'any'],
  [`1${'+1'.repeat(3000)}`, 'any'],
  [`v${'.v'.repeat(500)}`, 'any'],
];

/** Expressions that are refused before any row is tried. */
export const REFUSED: readonly [expression: string, code: RegExp][] = [
  ['$eval("1+1")', /^mapping-eval$/],
  ['($e := $eval; $e("1"))', /^mapping-eval$/],
  ['["1"] ~> $map($eval)', /^mapping-eval$/],
  ['('.repeat(70_000), /^mapping-too-long$/],
  ['('.repeat(60_000), /./],
  ['{"a": '.repeat(9_000), /./],
  [`${'-'.repeat(60_000)}1`, /./],
  [`v${'.v'.repeat(10_000)}`, /./],
  ['/(/', /./],
  ['"\\u12', /^S/],
  ['`unfinished', /^S/],
];

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
