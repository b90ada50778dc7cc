// Runs fixtures of journeys: npm run test:journeys -- docs/journeys [more files and folders]
// Exit code 0: every journey does what its fixtures say; 1: one does not; 2: what was typed is wrong.
import { testJourneys } from '@percorso/journey';

const paths = process.argv.slice(2);
// npm runs this in the repository; paths are from where it was typed.
const from = process.env.INIT_CWD ?? process.cwd();

if (paths.length === 0 || paths.some((path) => path.startsWith('-'))) {
  console.error('npm run test:journeys -- FILE|FOLDER …');
  process.exit(2);
}
try {
  process.exitCode = (await testJourneys(paths, from, (line) => console.log(line))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
