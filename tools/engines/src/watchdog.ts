import { identifyProcess, signal, waitUntilGone } from './process-table';

// Run as `watchdog.js <pid> <signal>`: when standard input ends, the process that started us is gone.
const target = identifyProcess(Number(process.argv[2]));
const first = process.argv[3] as NodeJS.Signals;

process.stdin.resume();
process.stdin.once('close', () => {
  void endTarget().finally(() => process.exit(0));
});

async function endTarget(): Promise<void> {
  if (!signal(target.pid, first)) return;
  if (!(await waitUntilGone(target, 3000))) signal(target.pid, 'SIGKILL');
}
