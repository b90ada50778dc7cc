import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Comparison } from './both-ways';

const ROOT = resolve(__dirname, '..', '..', '..', '..');
/** Takes stock JSONata many seconds. */
const LONG = 'performance';

/** JSONata's own suite, where it is at hand. */
const SUITE = process.env.PERCORSO_JSONATA_SUITE ?? join(ROOT, '..', 'shared', 'jsonata-suite');

interface Case {
  at: string;
  expression: string;
  document?: string;
  /** Milliseconds; some cases never end by themselves. */
  timelimit?: number;
}

describe("the language's own suite", () => {
  const cases = existsSync(SUITE) ? readCases() : [];

  it('comes out the same compiled as on stock JSONata', async () => {
    const counts = { run: 0, compiled: 0, stock: 0, unparsable: 0, failing: 0, late: 0 };
    const differences: unknown[] = [];
    const asked: string[] = [];
    for (const { at, expression, document, timelimit } of cases) {
      let comparison: Comparison;
      counts.run++;
      try {
        comparison = await Comparison.of(expression, timelimit);
      } catch {
        // No expression, the same parser for both.
        counts.unparsable++;
        continue;
      }
      const { stock, compiled } = await comparison.run(document);
      const fails = 'error' in stock || 'late' in stock;
      if (fails) counts.failing++;
      if (comparison.refused !== undefined) {
        counts.stock++;
        continue;
      }
      counts.compiled++;
      // A compiled form that fails asks stock JSONata: which is right only if that fails too.
      if (compiled === undefined && !fails) asked.push(`${at}: ${expression}`);
      // Not every machine is fast enough for stock JSONata at its longest cases.
      if ('late' in stock && compiled !== undefined) counts.late++;
      else if (compiled !== undefined && JSON.stringify(stock) !== JSON.stringify(compiled))
        differences.push({ at, expression, stock, compiled });
    }
    process.stdout.write(
      `JSONata's suite (${cases.length === 0 ? 'NOT FOUND, skipped: ' : ''}${SUITE}): ${counts.run} cases run, ` +
        `${counts.compiled} compiled, ${counts.stock} on stock JSONata, ${counts.unparsable} that do not parse; ` +
        `${counts.failing} failed alike; ${asked.length} compiled ones asked stock JSONata for a value; ` +
        `${counts.late} on which stock JSONata ran out of time; ${differences.length} differences\n`,
    );
    expect(differences).toEqual([]);
    if (cases.length === 0) return;
    expect(counts.run).toBeGreaterThan(1600);
    expect(counts.compiled).toBeGreaterThan(1500);
    expect(counts.late).toBeLessThan(10);
    expect(asked.length).toBeLessThan(12);
  }, 300_000);
});

function readCases(): Case[] {
  const groups = join(SUITE, 'groups');
  const chosen = readdirSync(groups).filter(
    (group) => group !== LONG || process.env.PERCORSO_CASES !== undefined,
  );
  return chosen.flatMap((group) =>
    readdirSync(join(groups, group))
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const said = JSON.parse(readFileSync(join(groups, group, file), 'utf8')) as Said | Said[];
        return (Array.isArray(said) ? said : [said]).map((one, index) => ({
          at: `${group}/${file}${index > 0 ? ` ${index}` : ''}`,
          expression: one['expr-file']
            ? readFileSync(join(groups, group, one['expr-file']), 'utf8')
            : one.expr,
          document: documentOf(one),
          timelimit: one.timelimit,
        }));
      }),
  );
}

/** A case as the suite writes it down. */
interface Said {
  expr: string;
  'expr-file'?: string;
  data?: unknown;
  dataset?: string | null;
  timelimit?: number;
}

function documentOf({ data, dataset }: Said): string | undefined {
  if (data !== undefined) return JSON.stringify(data);
  return dataset ? readFileSync(join(SUITE, 'datasets', `${dataset}.json`), 'utf8') : undefined;
}
