import type { MemberDocument } from './mapping-profiles';

/** One mapping to a provider's payload: in JSONata, and as an engineer writes it by hand for the same outputs. */
export interface Payload {
  title: string;
  expression: string;
  byHand: (document: MemberDocument) => unknown;
}

const day = (text: string): string => new Date(Date.parse(text)).toISOString().slice(0, 10);

const recipient: Payload = {
  title: 'recipient of a campaign system',
  expression: `{
    "id": profile.id,
    "email": $lowercase(profile.traits.email),
    "firstName": $trim(profile.traits.firstName),
    "lastName": $trim(profile.traits.lastName),
    "salutation": profile.traits.gender = "f" ? "Ms" : profile.traits.gender = "m" ? "Mr",
    "title": profile.traits.title,
    "birthDate": $fromMillis($toMillis(profile.traits.birthDate), "[Y0001]-[M01]-[D01]"),
    "mobilePhone": $replace(profile.traits.phone, " ", ""),
    "language": profile.traits.language ?? "en",
    "location": {
      "address1": profile.traits.address.street,
      "city": profile.traits.address.city,
      "zipCode": profile.traits.address.postalCode,
      "stateCode": profile.traits.address.region,
      "countryCode": $uppercase(profile.traits.country)
    },
    "company": profile.traits.company.name,
    "blackListEmail": profile.consent."email:news" != "granted",
    "points": profile.traits.points ?? 0,
    "tier": profile.traits.tier,
    "value": profile.traits.lifetimeValue,
    "lastSeen": profile.traits.lastSeen,
    "created": profile.traits.createdAt,
    "newsletter": profile.traits.newsletter,
    "audience": audience.name,
    "since": membership.since
  }`,
  byHand: ({ profile: { id, traits, consent }, audience, membership }) => ({
    id,
    email: traits.email?.toLowerCase(),
    firstName: traits.firstName?.replace(/\s+/g, ' ').trim(),
    lastName: traits.lastName?.replace(/\s+/g, ' ').trim(),
    salutation: traits.gender === 'f' ? 'Ms' : traits.gender === 'm' ? 'Mr' : undefined,
    title: traits.title,
    birthDate: traits.birthDate === undefined ? undefined : day(traits.birthDate),
    mobilePhone: traits.phone?.replaceAll(' ', ''),
    language: traits.language ?? 'en',
    location: {
      address1: traits.address?.street,
      city: traits.address?.city,
      zipCode: traits.address?.postalCode,
      stateCode: traits.address?.region,
      countryCode: traits.country?.toUpperCase(),
    },
    company: traits.company?.name,
    blackListEmail: consent['email:news'] !== undefined && consent['email:news'] !== 'granted',
    points: traits.points ?? 0,
    tier: traits.tier,
    value: traits.lifetimeValue,
    lastSeen: traits.lastSeen,
    created: traits.createdAt,
    newsletter: traits.newsletter,
    audience: audience.name,
    since: membership.since,
  }),
};

const contact: Payload = {
  title: 'contact of an e-mail provider',
  expression: `profile.traits.{
    "email": $lowercase(email),
    "first_name": firstName,
    "last_name": lastName,
    "phone_number": phone,
    "address_line_1": address.street,
    "city": address.city,
    "state_province_region": address.region,
    "postal_code": address.postalCode,
    "country": country,
    "external_id": $$.profile.identities.user_id[0],
    "custom_fields": {
      "tier": $uppercase(tier),
      "points": points,
      "score": $round(score * 100),
      "interests": $join(interests, ","),
      "company": company.name & (company.vat ? " (" & company.vat & ")" : ""),
      "orders": $count(orders),
      "spent": $sum(orders.total),
      "loyal": points > 1000 and lifetimeValue > 500,
      "topics": [preferences.topics],
      "channel": preferences.channel ?? "email",
      "member_since": $substringBefore(createdAt, "T")
    }
  }`,
  byHand: ({ profile: { traits, identities } }) => ({
    email: traits.email?.toLowerCase(),
    first_name: traits.firstName,
    last_name: traits.lastName,
    phone_number: traits.phone,
    address_line_1: traits.address?.street,
    city: traits.address?.city,
    state_province_region: traits.address?.region,
    postal_code: traits.address?.postalCode,
    country: traits.country,
    external_id: identities.user_id?.[0],
    custom_fields: {
      tier: traits.tier?.toUpperCase(),
      points: traits.points,
      score: traits.score === undefined ? undefined : Math.round(traits.score * 100),
      interests: traits.interests?.join(','),
      company: (traits.company?.name ?? '') + (traits.company?.vat ? ` (${traits.company.vat})` : ''),
      orders: traits.orders?.length ?? 0,
      spent: traits.orders?.length ? traits.orders.reduce((sum, { total }) => sum + total, 0) : undefined,
      loyal: (traits.points ?? 0) > 1000 && (traits.lifetimeValue ?? 0) > 500,
      topics: traits.preferences?.topics ?? [],
      channel: traits.preferences?.channel ?? 'email',
      member_since: traits.createdAt?.split('T', 1)[0],
    },
  }),
};

const message: Payload = {
  title: 'text message',
  expression: `(
    $first := $trim(profile.traits.firstName) ?? "customer";
    $points := profile.traits.points ?? 0;
    $open := 1000 - $points;
    {
      "To": $replace(profile.traits.phone, " ", ""),
      "From": profile.traits.country = "IT" ? "+390600000" : "+490300000",
      "Body": "Dear " & $first & ", " & ($open > 0
        ? "only " & $open & " points to go until silver."
        : "you have " & $points & " points. Thank you!")
        & (profile.traits.address.city ? " Your shop in " & profile.traits.address.city & "." : ""),
      "ValidityPeriod": 3600,
      "Tags": {"audience": audience.id, "profile": profile.id, "version": $string(membership.version)},
      "Media": [profile.traits.orders[0].lines.("https://img.example/" & sku & ".png")]
    }
  )`,
  byHand: ({ profile: { id, traits }, audience, membership }) => {
    const points = traits.points ?? 0;
    const open = 1000 - points;
    const said =
      open > 0 ? `only ${open} points to go until silver.` : `you have ${points} points. Thank you!`;
    const city = traits.address?.city;
    return {
      To: traits.phone?.replaceAll(' ', ''),
      From: traits.country === 'IT' ? '+390600000' : '+490300000',
      Body:
        `Dear ${traits.firstName?.replace(/\s+/g, ' ').trim() ?? 'customer'}, ${said}` +
        (city ? ` Your shop in ${city}.` : ''),
      ValidityPeriod: 3600,
      Tags: { audience: audience.id, profile: id, version: String(membership.version) },
      Media: (traits.orders?.[0]?.lines ?? []).map(({ sku }) => `https://img.example/${sku}.png`),
    };
  },
};

const crm: Payload = {
  title: 'properties of a CRM contact',
  expression: `{
    "idProperty": "email",
    "properties": [
      {"property": "email", "value": profile.traits.email},
      {"property": "firstname", "value": profile.traits.firstName},
      {"property": "lastname", "value": profile.traits.lastName},
      {"property": "fullname", "value": $join([profile.traits.title, profile.traits.firstName, profile.traits.lastName], " ")},
      {"property": "phone", "value": profile.traits.phone},
      {"property": "company", "value": profile.traits.company.name},
      {"property": "size", "value": profile.traits.company.employees > 250 ? "large" : profile.traits.company.employees > 50 ? "medium" : "small"},
      {"property": "city", "value": profile.traits.address.city},
      {"property": "country", "value": profile.traits.country in ["IT", "DE", "FR"] ? profile.traits.country : "other"},
      {"property": "lifecycle", "value": $exists(profile.traits.orders) ? "customer" : "lead"},
      {"property": "lastseen", "value": $toMillis(profile.traits.lastSeen)},
      {"property": "notes", "value": profile.traits.notes},
      {"property": "hours", "value": $pad($string(profile.traits.preferences.hour), -2, "0") & ":00"}
    ],
    "associations": [profile.traits.stores[visits > 3].{"store": id, "visits": visits}]
  }`,
  byHand: ({ profile: { traits } }) => {
    const employees = traits.company?.employees ?? 0;
    const property = (name: string, value: unknown) => ({ property: name, value });
    return {
      idProperty: 'email',
      properties: [
        property('email', traits.email),
        property('firstname', traits.firstName),
        property('lastname', traits.lastName),
        property(
          'fullname',
          [traits.title, traits.firstName, traits.lastName].filter((part) => part !== undefined).join(' '),
        ),
        property('phone', traits.phone),
        property('company', traits.company?.name),
        property('size', employees > 250 ? 'large' : employees > 50 ? 'medium' : 'small'),
        property('city', traits.address?.city),
        property('country', ['IT', 'DE', 'FR'].includes(traits.country ?? '') ? traits.country : 'other'),
        property('lifecycle', traits.orders ? 'customer' : 'lead'),
        property('lastseen', traits.lastSeen === undefined ? undefined : Date.parse(traits.lastSeen)),
        property('notes', traits.notes),
        property('hours', `${traits.preferences?.hour?.toString().padStart(2, '0') ?? ''}:00`),
      ],
      associations: (traits.stores ?? [])
        .filter(({ visits }) => visits > 3)
        .map(({ id, visits }) => ({ store: id, visits })),
    };
  },
};

const catalog: Payload = {
  title: 'orders for a recommendation engine',
  expression: `(
    $lines := function($order) { $order.lines[quantity > 0] };
    {
      "visitor": profile.identities.user_id[0],
      "contact": $lowercase(profile.traits.email),
      "locale": (profile.traits.language ?? "en") & "-" & (profile.traits.country ?? "XX"),
      "interests": [$distinct(profile.traits.interests)],
      "orders": [$map(profile.traits.orders, function($order) {{
        "id": $order.id,
        "day": $substringBefore($order.at, "T"),
        "currency": $order.currency ?? "EUR",
        "total": $order.total,
        "items": [$lines($order).{"sku": sku, "name": name, "amount": $round(quantity * price, 2)}]
      }})],
      "latest": profile.traits.orders^(>at)[0].id,
      "units": $sum(profile.traits.orders.lines.quantity),
      "devices": [profile.traits.devices[$exists(token)].(kind & ":" & token)],
      "bestStore": profile.traits.stores^(>visits)[0].id
    }
  )`,
  byHand: ({ profile: { traits, identities } }) => {
    const orders = traits.orders ?? [];
    const latest = [...orders].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))[0];
    const best = [...(traits.stores ?? [])].sort((a, b) => b.visits - a.visits)[0];
    const quantities = orders.flatMap(({ lines }) => lines.map(({ quantity }) => quantity));
    return {
      visitor: identities.user_id?.[0],
      contact: traits.email?.toLowerCase(),
      locale: `${traits.language ?? 'en'}-${traits.country ?? 'XX'}`,
      interests: [...new Set(traits.interests)],
      orders: orders.map((order) => ({
        id: order.id,
        day: order.at.split('T', 1)[0],
        currency: order.currency ?? 'EUR',
        total: order.total,
        items: order.lines
          .filter(({ quantity }) => quantity > 0)
          .map(({ sku, name, quantity, price }) => ({ sku, name, amount: rounded(quantity * price) })),
      })),
      latest: latest?.id,
      units: quantities.length > 0 ? quantities.reduce((sum, quantity) => sum + quantity, 0) : undefined,
      devices: (traits.devices ?? [])
        .filter(({ token }) => token !== undefined)
        .map(({ kind, token }) => `${kind}:${token}`),
      bestStore: best?.id,
    };
  },
};

/** To cents; exactly a half to the even one, as JSONata does. */
function rounded(value: number): number {
  const cents = Number(`${value}e2`);
  const whole = Math.round(cents);
  const even = Math.abs(whole - cents) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
  return Number(`${even}e-2`);
}

export const PAYLOADS: readonly Payload[] = [recipient, contact, message, crm, catalog];
