import fc from 'fast-check';
import { arbitraryCustomer } from '../customer-arbitraries';
import { arbitraryExpression } from '../expression-arbitraries';
import { arbitraryDocument, arbitraryMapping } from '../mapping-arbitraries';
import { arbitraryRealMapping } from '../real-mapping-arbitraries';
import { Comparison } from './both-ways';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);

const WILD = fc.oneof({ weight: 6, arbitrary: arbitraryMapping }, arbitraryExpression);

describe.each([
  ['random', WILD, arbitraryDocument, CASES],
  // What customers with orders are mapped to takes longer, most of all where the admin asks everybody of everybody.
  ['real', arbitraryRealMapping, arbitraryCustomer, Math.ceil(CASES / 2)],
])('%s mappings', (name, expressions, aDocument, cases) => {
  it(
    `come out the same compiled as on stock JSONata (seed ${SEED}, ${cases} cases)`,
    async () => {
      const counts = {
        compiled: 0,
        stock: 0,
        unparsable: 0,
        rows: 0,
        values: 0,
        failing: 0,
        late: 0,
        asked: 0,
      };
      await fc.assert(
        fc.asyncProperty(
          expressions,
          fc.array(aDocument, { minLength: 2, maxLength: 2 }),
          async (expression, documents) => {
            let comparison: Comparison;
            try {
              comparison = await Comparison.of(expression, 2000);
            } catch {
              counts.unparsable++;
              return;
            }
            if (comparison.refused !== undefined) {
              counts.stock++;
              return;
            }
            counts.compiled++;
            for (const document of documents) {
              const { stock, compiled } = await comparison.run(document);
              // Not every machine is as fast at either.
              if ('late' in stock || (compiled && 'late' in compiled)) {
                counts.late++;
                continue;
              }
              const failed = 'error' in stock;
              counts.rows++;
              counts.failing += failed ? 1 : 0;
              counts.values += 'text' in stock ? 1 : 0;
              const gives = compiled ?? stock;
              expect({ expression, document, gives }).toEqual({ expression, document, gives: stock });
              if (compiled) continue;
              // Stock code is asked about what fails, and now and then about what it alone knows.
              counts.asked += failed ? 0 : 1;
            }
          },
        ),
        { seed: SEED, numRuns: cases, endOnFailure: true },
      );
      const told = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
      process.stdout.write(`${name} mappings: ${told.join(', ')}\n`);
      expect(counts.compiled).toBeGreaterThan(cases / 2);
      expect(counts.values).toBeGreaterThan(cases / 4);
      expect(counts.late).toBeLessThan(cases / 20);
      expect(counts.asked).toBeLessThan(cases / 20);
    },
    30_000 + cases * 100,
  );
});
