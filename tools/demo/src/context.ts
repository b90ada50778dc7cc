import type { CampaignClassicTwin, SmtpSink } from '@percorso/plugin-testkit';
import { Customer } from './customers';
import { HubApi } from './hub-api';

/** What every step of the story works with. */
export interface StoryContext {
  hubUrl: string;
  /** The hub's PostgreSQL, read directly as an independent count. */
  databaseUrl: string;
  twin: CampaignClassicTwin;
  twinLogin: { login: string; password: string };
  sink: SmtpSink;
  seed: number;
  now: Date;
  customers: Customer[];
  workspaceId: string;
  admin: HubApi;
  writeKey: string;
  say: (line: string) => void;
}

export interface Check {
  name: string;
  expected: string | number;
  actual: string | number;
  ok: boolean;
}

export const check = (name: string, expected: string | number, actual: string | number): Check => ({
  name,
  expected,
  actual,
  ok: expected === actual,
});
