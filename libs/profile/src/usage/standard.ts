/** What is done with data where it goes; a policy bars labels from some of it. */
export const USAGE_ACTIONS = [
  'third-party',
  'export',
  'email-targeting',
  'message-targeting',
  'on-site-personalization',
  'cross-site-targeting',
  'analytics',
] as const;
export type UsageAction = (typeof USAGE_ACTIONS)[number];

export interface UsageLabel {
  name: string;
  description: string;
}

export interface UsagePolicy {
  name: string;
  description: string;
  actions: readonly UsageAction[];
  labels: readonly string[];
  /** Whether one of the labels is enough, or all must come together in one use. */
  match: 'any' | 'all';
  /** Whether a field counts that only the audience's definition looks at. */
  audiences: boolean;
}

export const STANDARD_LABELS: readonly UsageLabel[] = [
  {
    name: 'directly-identifying',
    description: 'Names or reaches one person: an e-mail address, a phone number.',
  },
  {
    name: 'indirectly-identifying',
    description: 'Leads to a person together with other data: a cookie, a device.',
  },
  { name: 'contract:no-export', description: 'May not leave the hub, in whatever way.' },
  { name: 'contract:no-third-party', description: 'May not be given to third parties.' },
  {
    name: 'contract:no-email-targeting',
    description: 'May not be used to choose or write to e-mail recipients.',
  },
  {
    name: 'contract:no-message-targeting',
    description: 'The same for every other message: SMS, push, chat.',
  },
  { name: 'contract:no-on-site-personalization', description: 'May not shape what a site or an app shows.' },
  { name: 'contract:no-cross-site-targeting', description: 'May not be used for advertising elsewhere.' },
  { name: 'contract:no-analytics', description: 'May not be measured or reported on.' },
  {
    name: 'contract:not-with-identity',
    description: 'May not go together with data that identifies directly.',
  },
  { name: 'sensitive:health', description: 'About a person’s health.' },
  { name: 'sensitive:financial', description: 'Accounts, income, debts.' },
  { name: 'sensitive:belief', description: 'Religion, politics, sexual life, ethnic origin, union.' },
  { name: 'sensitive:location', description: 'Where a person is or was, precisely.' },
];

const contract = (what: UsageAction): UsagePolicy => ({
  name: `no-${what}`,
  description: `What a contract keeps from ${what} is not used for it.`,
  actions: [what],
  labels: [`contract:no-${what}`],
  match: 'any',
  audiences: true,
});

/** In force in every workspace from the start; each can be switched off. */
export const STANDARD_POLICIES: readonly UsagePolicy[] = [
  { ...contract('export'), actions: USAGE_ACTIONS },
  contract('third-party'),
  contract('email-targeting'),
  contract('message-targeting'),
  contract('on-site-personalization'),
  contract('cross-site-targeting'),
  contract('analytics'),
  {
    name: 'identity-apart',
    description: 'What may not go with identity does not go where data identifies directly.',
    actions: USAGE_ACTIONS,
    labels: ['contract:not-with-identity', 'directly-identifying'],
    match: 'all',
    audiences: false,
  },
  {
    name: 'identity-not-tracked',
    description: 'Who somebody is serves neither advertising elsewhere nor measurement.',
    actions: ['cross-site-targeting', 'analytics'],
    labels: ['directly-identifying'],
    match: 'any',
    audiences: false,
  },
  {
    name: 'sensitive-not-targeted',
    description: 'Sensitive data chooses nobody, and is given to no third party.',
    actions: [
      'third-party',
      'email-targeting',
      'message-targeting',
      'on-site-personalization',
      'cross-site-targeting',
    ],
    labels: ['sensitive:health', 'sensitive:financial', 'sensitive:belief'],
    match: 'any',
    audiences: true,
  },
  {
    name: 'location-stays',
    description: 'Where somebody is goes to no third party and serves no advertising elsewhere.',
    actions: ['third-party', 'cross-site-targeting'],
    labels: ['sensitive:location'],
    match: 'any',
    audiences: true,
  },
];
