import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCampaignClassicTwin } from './campaign-classic/campaign-classic-twin';
import { TwinProcess, TwinStartError } from './twin-process';

const journal = join(tmpdir(), `twin-process-${randomUUID()}.ndjson`);

afterAll(() => rmSync(journal, { force: true }));

it('dies with its parent', async () => {
  const dist = join(__dirname, '../../dist/index.js');
  const script = `require(${JSON.stringify(dist)}).startSmtpSink({ journal: ${JSON.stringify(journal)} }).then((s) => console.log(s.pid))`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const pid = Number(line);
  expect(() => process.kill(pid, 0)).not.toThrow();
  parent.kill('SIGKILL');
  for (let n = 0; n < 50 && isAlive(pid); n += 1) await sleep(100);
  expect(isAlive(pid)).toBe(false);
});

it('tells why it did not start', async () => {
  await expect(TwinProcess.start('nowhere', [])).rejects.toThrow(TwinStartError);
  await expect(TwinProcess.start('smtp-sink', [])).rejects.toThrow('--journal is required');
  const options = { journal, login: 'hub', password: 's3cret', fields: { 'bad name': 'string' } };
  await expect(startCampaignClassicTwin(options)).rejects.toThrow('is not name:type[:length]');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
