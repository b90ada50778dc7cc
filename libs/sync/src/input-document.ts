import type { ProfileDocument } from '@percorso/profile';

export interface MembershipInput {
  op: 'enter' | 'exit';
  version: number;
  since: Date;
}

/** What a mapping's expression sees of one member. */
export function inputDocument(
  profile: ProfileDocument,
  audience: { id: string; name: string },
  { op, version, since }: MembershipInput,
  now: Date,
): object {
  const { person: _person, ...visible } = profile;
  return { profile: visible, audience, membership: { op, version, since }, now };
}
