import { ApiProperty } from '@nestjs/swagger';
import { Consent, plainConsent } from './consent';
import { IdentityRow, ProfileRow, SeenRow } from './profile-document';

export class TraitView {
  @ApiProperty({ description: 'Any JSON value.' })
  value!: unknown;

  /** The source that said it. */
  @ApiProperty()
  source!: string;

  /** When it occurred. */
  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class IdentityView {
  @ApiProperty()
  namespace!: string;

  @ApiProperty()
  value!: string;

  @ApiProperty({ format: 'date-time', type: String })
  firstSeen!: Date;
}

/** A profile as admins see it: every trait with its origin. */
export class ProfileView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/TraitView' } })
  traits!: Record<string, TraitView>;

  @ApiProperty({ type: [IdentityView] })
  identities!: IdentityView[];

  @ApiProperty({
    description: 'channel -> topic, or * for the whole channel -> state',
    type: 'object',
    additionalProperties: {
      type: 'object',
      additionalProperties: { type: 'string', enum: ['granted', 'denied'] },
    },
  })
  consent!: Consent;

  @ApiProperty({ type: [String] })
  groups!: string[];

  @ApiProperty({ format: 'date-time', type: String })
  firstSeen!: Date;

  @ApiProperty({ format: 'date-time', type: String })
  lastSeen!: Date;

  @ApiProperty({ type: 'integer' })
  version!: number;
}

export function viewOf(profile: ProfileRow, identities: readonly IdentityRow[], seen: SeenRow): ProfileView {
  return {
    id: profile.id,
    traits: Object.fromEntries(
      Object.entries(profile.traits).flatMap(([key, { value, source, at }]) =>
        value === null ? [] : [[key, { value, source, at }]],
      ),
    ),
    identities: identities.map(({ namespace, value, firstSeen }) => ({ namespace, value, firstSeen })),
    consent: plainConsent(profile.consent),
    groups: profile.groups,
    firstSeen: seen.firstSeen,
    lastSeen: seen.lastSeen,
    version: Number(profile.version),
  };
}
