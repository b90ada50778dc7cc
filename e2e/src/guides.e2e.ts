import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { follow } from './guides/follow';
import { pathWithCurl } from './guides/curl';
import { readGuide } from './guides/sample';
import { Shell } from './guides/shell';
import { type HubHandle, releaseEngines, startHub } from './harness';

/** Every block of every guide, typed in by a reader who does what the guide says and nothing else. */
describe('the guides', () => {
  let folder: string;
  let hub: HubHandle;
  let twin: CampaignClassicTwin;
  let path: string;
  const login = { login: 'percorso', password: 'correct-horse' };
  const known: Record<string, string> = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'percorso guides-'));
    path = await pathWithCurl();
    twin = await startCampaignClassicTwin({ journal: join(folder, 'campaign.ndjson'), ...login });
    hub = await startHub({
      dataDir: join(folder, '.percorso'),
      env: { PERCORSO_ROOT_KEY: '', PERCORSO_PLUGIN_DIRS: join(folder, 'plugins') },
    });
  });

  afterAll(async () => {
    await hub?.stop();
    await twin?.stop();
    await releaseEngines();
    rmSync(folder, { recursive: true, force: true });
  });

  function terminal(env: () => NodeJS.ProcessEnv = () => ({})): () => Shell {
    let shell: Shell | undefined;
    afterAll(() => shell?.close());
    return () => (shell ??= new Shell(folder, { PATH: path, HOME: process.env.HOME, ...env() }));
  }

  describe('docs/admin.md', () => {
    const shell = terminal(() => ({
      CAMPAIGN_URL: twin.url,
      CAMPAIGN_LOGIN: login.login,
      CAMPAIGN_PASSWORD: login.password,
    }));
    follow(readGuide('docs/admin.md'), {
      shell,
      folder: () => folder,
      hubUrl: () => hub.url,
      notRun: { 'CAMPAIGN_URL=https://acme': "the reader's own values: here, a twin of Campaign's" },
    });

    it('leaves what it says in Campaign', async () => {
      expect(await twin.rows('nms:recipient')).toMatchObject([{ email: 'ada@example.com', firstName: 'Ada' }]);
      for (const name of ['KEY', 'WRITE_KEY', 'AUDIENCE']) known[name] = await shell().value(name);
    });
  });
});
