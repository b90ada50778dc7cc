import type { LedgerRow, SyncingHub } from './syncing-hub';

const PLUGIN = 'adobe-campaign-classic-unpaced';

const MAPPING = `{
  "email": profile.identities.email[0],
  "firstName": profile.traits.firstName,
  "lastName": profile.traits.lastName,
  "mobilePhone": profile.traits.phone,
  "location": { "city": profile.traits.address.city },
  "cusLoyaltyTier": profile.traits.plan = "pro" ? "gold" : "silver"
}`;

export interface HubRun {
  /** From the request for the run until its last row is settled in the ledger. */
  seconds: number;
  /** Accepted rows: those of all members. */
  rows: LedgerRow[];
}

/** One audience to bring to Campaign again and again. */
export class SyncHub {
  private audienceId = '';
  private connectorId = '';

  constructor(
    private readonly hub: SyncingHub,
    private readonly campaign: Record<string, unknown>,
    private readonly members: number,
  ) {}

  /** Makes the members into profiles and an audience, by the ways the hub offers. */
  async fill(): Promise<void> {
    await this.hub.fill(this.members, MAPPING);
    this.audienceId = await this.hub.audience(this.members);
    this.connectorId = await this.hub.connector(PLUGIN, 'Campaign', this.campaign);
  }

  /** The whole audience through a sync that never ran before, so that every member is planned and delivered. */
  async run(): Promise<HubRun> {
    const syncId = await this.hub.sync('Everyone', this.audienceId, this.connectorId);
    const started = performance.now();
    const runs = await this.hub.begin([syncId]);
    await this.hub.ended(runs);
    const seconds = (performance.now() - started) / 1000;
    return { seconds, rows: await this.hub.accepted(runs, this.members) };
  }
}
