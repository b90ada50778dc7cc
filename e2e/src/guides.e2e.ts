import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { pathWithCurl } from './guides/curl';
import { follow, plan, type Reader } from './guides/follow';
import { readGuide, ROOT, samplesOf, UnusableSample } from './guides/sample';
import { Shell } from './guides/shell';
import { makeWorkbench } from './guides/workbench';
import { admin, type HubHandle, releaseEngines, startHub, waitFor } from './harness';

const GUIDES = [
  'README.md',
  ...['admin', 'journeys', 'pull', 'operate', 'plugin'].map((name) => `docs/${name}.md`),
];

const WITH_CHANNEL = `curl -sS --fail-with-body -H "Authorization: Bearer $KEY" \\
  "$HUB/v1/audiences/$AUDIENCE/members?fields=identities.email&channel`;

/** In the admin's terminal, with what the admin's guide defined there. */
const ADA_BUYS_AND_BEN_CONSENTS = `
curl -sS --fail-with-body -u "$WRITE_KEY:" -H 'Content-Type: application/json' $HUB/v1/batch -d '{"batch": [
  {"messageId": "n1", "type": "track", "userId": "ada", "event": "Order Completed", "timestamp": "'$(ago 1)'"},
  {"messageId": "n2", "type": "identify", "userId": "ben", "traits": {},
   "context": {"consent": {"categoryPreferences": {"email": true}}}}]}'
until api $HUB/v1/ingest | node -e 'const i = JSON.parse(fs.readFileSync(0)); process.exit(i.applied < i.head ? 1 : 0)'; do sleep 0.2; done
EVALUATION=$(api -X POST $HUB/v1/audiences/$AUDIENCE/evaluate | pick id)
until api $HUB/v1/evaluations/$EVALUATION | grep -E '"state":"(done|failed)"'; do sleep 0.2; done`;

/** Every block of every guide, typed in by a reader who does what the guide says and nothing else. */
describe('the guides', () => {
  let folder: string;
  let hub: HubHandle;
  let twin: CampaignClassicTwin;
  let path: string;
  const login = { login: 'percorso', password: 'correct-horse' };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'percorso guides-'));
    makeWorkbench(folder);
    path = await pathWithCurl();
    twin = await startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...login });
    const env = {
      PERCORSO_ROOT_KEY: '',
      PERCORSO_PLUGIN_DIRS: join(folder, 'own'),
      PERCORSO_ADVISORY_PLUGINS: 'allowed',
    };
    hub = await startHub({ dataDir: join(folder, '.percorso'), env });
  });

  afterAll(async () => {
    await hub?.stop();
    await twin?.stop();
    await releaseEngines();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One terminal for the guide described here. */
  function terminal(env: () => Promise<NodeJS.ProcessEnv> = async () => ({})): Pick<Reader, 'shell'> {
    let shell: Shell | undefined;
    beforeAll(async () => {
      shell = new Shell(folder, { PATH: path, HOME: process.env.HOME, ...(await env()) });
    });
    afterAll(() => shell?.close());
    return { shell: () => shell as Shell };
  }
  const place = { folder: () => folder, hubUrl: () => hub.url };

  it('are all followed here', () => {
    const others = readdirSync(join(ROOT, 'docs'))
      .map((name) => `docs/${name}`)
      .filter((name) => name.endsWith('.md') && !GUIDES.includes(name));
    expect(others.flatMap(readGuide)).toEqual([]);
  });

  it('may hold no block that is not run, shown or excused, and no excuse may outlive its block', () => {
    const of = (text: string) => samplesOf('new.md', text);
    expect(() => plan(of('```sh\ntrue\n```\n```ts\nlet a;\n```'), {})).toThrow(/^new\.md:4: a block of "ts"/);
    expect(() => plan(of('```json\n{}\n```'), {})).toThrow(UnusableSample);
    expect(() => plan(of('```\nplain\n```'), {})).toThrow(UnusableSample);
    expect(() => plan(of('```sh\ntrue\n```'), { notRun: { false: 'gone' } })).toThrow(
      /^No block begins with: false/,
    );
    expect(() => of('```sh\ntrue\n')).toThrow(/never closed/);
    expect(plan(of('`a.ts`:\n\n```ts\nlet a;\n```'), {})).toMatchObject([
      { kind: 'saves', sample: { file: 'a.ts' } },
    ]);
  });

  it('README.md holds nothing to type in that is not run elsewhere', () => {
    const notRun = {
      ' SDKs, files': 'a drawing',
      'npm run demo': 'has a story of its own, demo.e2e.ts',
      'npm test': 'is what runs this',
    };
    expect(plan(readGuide('README.md'), { notRun })).toEqual([]);
  });

  describe('an admin', () => {
    const atAdmins = terminal(async () => ({
      CAMPAIGN_URL: twin.url,
      CAMPAIGN_LOGIN: login.login,
      CAMPAIGN_PASSWORD: login.password,
    }));
    follow(readGuide('docs/admin.md'), {
      ...atAdmins,
      ...place,
      notRun: {
        'CAMPAIGN_URL=https://acme': "the reader's own values: here, those of the twin",
        'node libs/plugin-testkit/': 'is the twin in a terminal of its own: here, the one of this test',
      },
    });

    it('has in Campaign what the guide says', async () => {
      expect(await twin.rows('nms:recipient')).toMatchObject([
        { email: 'ada@example.com', firstName: 'Ada' },
      ]);
    });

    describe('and the tool that pulls', () => {
      const atTools = terminal(async () => {
        const api = admin(hub.url, await atAdmins.shell().value('KEY'));
        const { key } = await api.post<{ key: string }>('/v1/api-keys', {
          name: 'pull',
          scopes: ['audiences:read'],
        });
        return { HUB: hub.url, KEY: key, AUDIENCE: await atAdmins.shell().value('AUDIENCE') };
      });
      const toChange = async (): Promise<void> => {
        await atAdmins.shell().run(ADA_BUYS_AND_BEN_CONSENTS);
        const [link, key] = [await atTools.shell().value('LINK'), await atTools.shell().value('KEY')];
        const changes = async (): Promise<number> =>
          (await admin(hub.url, key).get<{ value: object[] }>(link.replace(hub.url, ''))).value.length;
        await waitFor(async () => (await changes()) === 2, { what: 'both changes in the log' });
      };
      const toSuppress = async (): Promise<void> => {
        await atAdmins
          .shell()
          .run(
            `api $HUB/v1/suppressions -d '{"channel": "email", "address": "ben@example.com", "reason": "manual"}'`,
          );
      };
      follow(readGuide('docs/pull.md'), {
        ...atTools,
        ...place,
        notRun: {
          'export HUB=https://hub.example.com': "the reader's own values: here, those of the admin above",
        },
        before: {
          [`curl -sS --fail-with-body -H "Authorization: Bearer $KEY" "$LINK"`]: toChange,
          [WITH_CHANNEL]: toSuppress,
        },
      });

      it('has in its copy what its client wrote', async () => {
        const shell = atTools.shell();
        expect(await shell.run('node pull.mjs')).toBe('1 members\n');
        expect(await shell.run('cat audience.json')).toContain('/deltas?');
      });
    });

    describe('and the marketer', () => {
      follow(readGuide('docs/journeys.md'), { ...atAdmins, ...place });
    });

    describe('and the operator', () => {
      const toRest = async (): Promise<void> => {
        const metrics = () => admin(hub.url, '').http.get<string>('/metrics');
        const none = /percorso_events_unapplied 0\n[^]*percorso_events_unloaded 0\n/;
        await waitFor(async () => none.test((await metrics()).data), { what: 'nothing to wait' });
      };
      follow(readGuide('docs/operate.md'), {
        ...terminal(),
        ...place,
        notRun: {
          'export DATABASE_URL=': "the reader's own values: here, the engines of the test",
          'export CLICKHOUSE_SHARDS=': 'needs three servers: libs/profile/src/shard and apps/hub run on such',
          'SELECT count() FROM percorso.event_all': 'needs a cluster',
          'DELETE FROM percorso.event ': 'is tried where rows are left behind: libs/profile/src/shard',
          'npm run setup': 'is how this hub was made and started',
          '[Unit]': 'needs systemd',
        },
        before: { 'curl -sS --fail-with-body $HUB/metrics': toRest },
      });

      it('finds the program the unit names', () => {
        expect(existsSync(join(ROOT, 'apps/hub/dist/main.js'))).toBe(true);
      });
    });

    describe('and the author of a plugin', () => {
      const restart = async (): Promise<void> => {
        const broken = join(folder, 'own', 'broken');
        mkdirSync(broken, { recursive: true });
        writeFileSync(
          join(broken, 'package.json'),
          JSON.stringify({ keywords: ['percorso-plugin'], percorso: {} }),
        );
        await hub.restart();
      };
      follow(readGuide('docs/plugin.md'), {
        ...terminal(async () => ({ KEY: await atAdmins.shell().value('KEY') })),
        ...place,
        before: { 'curl -sS --fail-with-body -H "Authorization: Bearer $KEY" http': restart },
      });

      it('finds in the log why a package is not listed', () => {
        expect(hub.output()).toMatch(/own\/broken is not used: .*percorso\.id must be a kebab-case id/);
      });
    });
  });
});
