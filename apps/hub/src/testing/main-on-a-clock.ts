import { readFileSync } from 'node:fs';
import { run } from '../run';

// For stories that take days: by how much business time is ahead of the machine's, in milliseconds, is in this file.
const file = process.env.PERCORSO_AHEAD_FILE ?? '';

run({ now: () => new Date(Date.now() + Number(readFileSync(file, 'utf8'))) });
