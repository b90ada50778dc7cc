import { parseArgs } from 'node:util';
import type { Bench } from './bench';
import { bench as archive } from './archive';
import { bench as boundary } from './boundary';
import { bench as delivery } from './delivery';
import { bench as ingest } from './ingest';
import { bench as journeys } from './journeys';
import { bench as mapping } from './mapping';
import { bench as segmentation } from './segmentation';
import { bench as sizing } from './sizing';
import { bench as streaming } from './streaming';
import { bench as sync } from './sync';

const BENCHES: Record<string, Bench> = {
  archive,
  boundary,
  delivery,
  ingest,
  journeys,
  mapping,
  segmentation,
  sizing,
  streaming,
  sync,
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { size: { type: 'string' }, quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [name = ''] = positionals;
  const bench = BENCHES[name];
  const size = values.size === undefined ? undefined : Number(values.size);
  if (!bench || positionals.length > 1 || (size !== undefined && !(Number.isInteger(size) && size > 0))) {
    console.error(
      `npm run bench -- NAME [--size N] [--quick]; NAME is one of ${Object.keys(BENCHES).join(', ')}.`,
    );
    return 2;
  }
  const started = performance.now();
  const { metrics, size: measured } = await bench({ size, quick: values.quick });
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
  console.log(JSON.stringify({ bench: name, metrics, size: measured, seconds }));
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
