import assert from 'node:assert/strict';
import { parseManifest, PluginRuntime, type Item } from '@percorso/plugin-kit';
import { DEADLINE_MS, expectAll, type Ground } from '../ground';
import { missing, readPackageJson } from '../paper';
import type { Question } from './question';

/** What stands before the first delivery: manifest, settings, credentials. */
export function basics(): Question[] {
  return [
    { name: 'nothing is left out of this exam', ask: nothingMissing },
    { name: 'the manifest says what the code has', ask: manifestIsTrue },
    { name: 'empty settings are refused, secrets are write-only', ask: settingsAreGuarded },
    { name: 'the check passes with good settings', ask: checkPasses },
    { name: 'wrong credentials are told as such, and nothing is sent', ask: wrongCredentials },
    { name: 'an unreachable provider means retry', ask: unreachable },
  ];
}

async function nothingMissing({ paper }: Ground): Promise<void> {
  const left = missing(paper);
  assert(left.length === 0, `missing from this exam:\n- ${left.join('\n- ')}`);
}

async function manifestIsTrue({ paper }: Ground): Promise<void> {
  const result = parseManifest(readPackageJson(paper.packageJson));
  assert(result, 'package.json lacks the keyword percorso-plugin');
  assert('manifest' in result, 'errors' in result ? result.errors.join('; ') : '');
  const { capabilities } = PluginRuntime.describe(paper.plugin);
  assert.deepEqual([...result.manifest.capabilities].sort(), [...capabilities].sort());
}

async function settingsAreGuarded({ paper }: Ground): Promise<void> {
  const errors = PluginRuntime.validate(paper.plugin, {});
  assert(errors.length > 0, 'empty settings pass');
  assert(
    errors.every(({ pointer }) => pointer.startsWith('/')),
    'errors must have pointers',
  );
  const { settingsSchema, secrets } = PluginRuntime.describe(paper.plugin);
  const properties = settingsSchema['properties'] as Record<string, { writeOnly?: boolean }>;
  assert(secrets.length > 0, 'no setting is a @Secret()');
  for (const field of secrets) assert.equal(properties[field]?.writeOnly, true, `${field} is not writeOnly`);
}

async function checkPasses({ run }: Ground): Promise<void> {
  assert.equal(await run.check(), null);
}

async function wrongCredentials(ground: Ground): Promise<void> {
  const run = ground.begin(ground.paper.wrongCredentials);
  try {
    assert.equal((await run.check())?.code, 'bad-credentials');
    const [item] = ground.items(1) as [Item];
    const outcome = await run.deliver(ground.paper.operation, [item], DEADLINE_MS);
    assert('fault' in outcome, `expected a fault, not ${JSON.stringify(outcome)}`);
    assert.equal(outcome.fault.code, 'bad-credentials');
    await ground.arrivedTimes(0, item);
  } finally {
    run.close();
  }
}

async function unreachable(ground: Ground): Promise<void> {
  const run = ground.begin(ground.paper.unreachable);
  try {
    assert.notEqual(await run.check(), null, 'the check passes though nobody listens');
    const outcome = await run.deliver(ground.paper.operation, ground.items(2), DEADLINE_MS);
    assert('value' in outcome, JSON.stringify(outcome));
    expectAll(outcome.value, 'retry');
  } finally {
    run.close();
  }
}
