import { TwinAddress } from './twin-process';

/** Says where the twin is and ends the process on SIGTERM, SIGINT or, if asked, when stdin closes. */
export function runUntilTold(address: TwinAddress, exitWithStdin: boolean, close: () => void): void {
  const end = (): void => {
    close();
    process.exit(0);
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (exitWithStdin) process.stdin.once('end', end).once('close', end).resume();
  process.stdout.write(`${JSON.stringify(address)}\n`);
}
