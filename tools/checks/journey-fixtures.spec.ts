import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { fixtureSchema, testJourneys } from '@percorso/journey';

const ROOT = join(__dirname, '..', '..');
const FOLDER = join(ROOT, 'docs', 'journeys');
const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8'));

describe('the journeys in docs/journeys', () => {
  const files = readdirSync(FOLDER);
  const fixtures = files.filter((file) => file.endsWith('.fixture.json'));

  it('do what their fixtures say', async () => {
    const said: string[] = [];
    const ok = await testJourneys(['docs/journeys'], ROOT, (line) => said.push(line));
    expect(said.filter((line) => !/^✓|fixtures, all as they say/.test(line))).toEqual([]);
    expect([ok, said.length]).toEqual([true, fixtures.length + 1]);
  });

  it('have a fixture each', () => {
    const journeys = files.filter((file) => /^[^.]+\.json$/.test(file));
    expect(fixtures.map((file) => file.replace('.fixture', ''))).toEqual(journeys);
  });

  it('have fixtures that editors find right, by the schema that lies beside them', () => {
    expect(read(join(FOLDER, 'fixture.schema.json'))).toEqual(JSON.parse(JSON.stringify(fixtureSchema)));
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
    const conforms = ajv.compile(fixtureSchema);
    for (const file of fixtures) {
      conforms(read(join(FOLDER, file)));
      expect([file, conforms.errors]).toEqual([file, null]);
    }
  });
});

describe('npm run test:journeys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-journeys-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(ROOT, 'tools', 'test-journeys.mjs'), ...words], {
      cwd: ROOT,
      env: { ...process.env, INIT_CWD: folder },
      encoding: 'utf8',
    });

  it('names the message that nobody expects, and ends with 1', () => {
    const cart = read(join(FOLDER, 'abandoned-cart.fixture.json'));
    const journey = join(FOLDER, 'abandoned-cart.json');
    const then = (cart.then as { userId: string }[]).filter(({ userId }) => userId !== 'ann');
    writeFileSync(join(folder, 'cart.fixture.json'), JSON.stringify({ ...cart, journey, then }));
    const { status, stdout } = run('.');
    expect(stdout).toContain('✗ A cart left behind');
    expect(stdout).toContain('  unexpected message: ann (a-1) remind at 1h1m (2026-06-15 13:01, UTC)');
    expect(stdout).toContain('1h1m (2026-06-15 13:01, UTC)  remind passed → reaction');
    expect(status).toBe(1);
  });

  it('says what to type, and what is not there', () => {
    expect(run()).toMatchObject({ status: 2, stderr: 'npm run test:journeys -- FILE|FOLDER …\n' });
    expect(run('gone')).toMatchObject({ status: 2, stderr: 'There is no file or folder gone.\n' });
  });
});
