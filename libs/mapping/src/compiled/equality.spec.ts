import fc from 'fast-check';
import { arbitraryExpression } from '../expression-arbitraries';
import { arbitraryDocument, arbitraryMapping } from '../mapping-arbitraries';
import { Comparison } from './both-ways';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);

describe('random mappings', () => {
  it(
    `come out the same compiled as on stock JSONata (seed ${SEED}, ${CASES} cases)`,
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
          fc.oneof({ weight: 6, arbitrary: arbitraryMapping }, arbitraryExpression),
          fc.array(arbitraryDocument, { minLength: 2, maxLength: 2 }),
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
        { seed: SEED, numRuns: CASES, endOnFailure: true },
      );
      const told = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
      process.stdout.write(`random mappings: ${told.join(', ')}\n`);
      expect(counts.compiled).toBeGreaterThan(CASES / 2);
      expect(counts.values).toBeGreaterThan(CASES / 4);
      expect(counts.late).toBeLessThan(CASES / 20);
      expect(counts.asked).toBeLessThan(CASES / 20);
    },
    30_000 + CASES * 100,
  );
});
