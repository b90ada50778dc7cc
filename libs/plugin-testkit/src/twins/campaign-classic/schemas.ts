export type ColumnType = 'string' | 'byte' | 'long' | 'double' | 'boolean' | 'date' | 'datetime';

export interface Column {
  type: ColumnType;
  length?: number;
  /** Values of a closed enumeration. */
  values?: number[];
  /** Set by the server alone. */
  readOnly?: boolean;
  required?: boolean;
}

/** `n:1`: this table holds `column` with the id of a row of `target`. */
export interface Link {
  target: string;
  column: string;
}

/** `1:n`: rows of `target` point here by their link `via`, and go when this row goes. */
export interface Collection {
  target: string;
  via: string;
}

export interface Schema {
  id: string;
  name: string;
  columns: Record<string, Column>;
  links: Record<string, Link>;
  collections: Record<string, Collection>;
  /** Unique keys, in the order in which they are tried for reconciliation. */
  keys: string[][];
}

export const ROOT_FOLDER = 1183;

const long: Column = { type: 'long' };
const flag: Column = { type: 'boolean' };
const string = (length: number, extra: Partial<Column> = {}): Column => ({
  type: 'string',
  length,
  ...extra,
});
const serverTime: Column = { type: 'datetime', readOnly: true };

function schema(id: string, parts: Partial<Omit<Schema, 'id' | 'name'>>): Schema {
  const columns = { id: long, ...parts.columns };
  const keys = [['id'], ...(parts.keys ?? [])];
  return { id, name: id.slice(id.indexOf(':') + 1), links: {}, collections: {}, ...parts, columns, keys };
}

/** The data model of the twin; `fields` are further columns of nms:recipient. */
export function schemas(fields: Record<string, Column> = {}): Map<string, Schema> {
  const all = [
    schema('xtk:folder', { columns: { name: string(64), label: string(128) }, keys: [['name']] }),
    schema('nms:recipient', {
      columns: { ...RECIPIENT, ...fields },
      links: { folder: { target: 'xtk:folder', column: 'folder-id' } },
      collections: {
        rcpGrpRel: { target: 'nms:rcpGrpRel', via: 'recipient' },
        subscription: { target: 'nms:subscription', via: 'recipient' },
      },
      keys: [['cusExternalId']],
    }),
    schema('nms:group', {
      columns: { name: string(64, { required: true }), label: string(128) },
      collections: { rcpGrpRel: { target: 'nms:rcpGrpRel', via: 'rcpGroup' } },
      keys: [['name']],
    }),
    schema('nms:rcpGrpRel', {
      columns: { 'recipient-id': { ...long, required: true }, 'rcpGroup-id': { ...long, required: true } },
      links: {
        recipient: { target: 'nms:recipient', column: 'recipient-id' },
        rcpGroup: { target: 'nms:group', column: 'rcpGroup-id' },
      },
      keys: [['recipient-id', 'rcpGroup-id']],
    }),
    schema('nms:service', {
      columns: {
        name: string(64, { required: true }),
        label: string(128),
        type: { type: 'byte', values: [0, 1, 2, 3, 4] },
      },
      keys: [['name']],
    }),
    schema('nms:subscription', {
      columns: {
        'recipient-id': { ...long, required: true },
        'service-id': { ...long, required: true },
        created: serverTime,
      },
      links: {
        recipient: { target: 'nms:recipient', column: 'recipient-id' },
        service: { target: 'nms:service', column: 'service-id' },
      },
      keys: [['recipient-id', 'service-id']],
    }),
    schema('nms:delivery', {
      columns: { internalName: string(64), label: string(128) },
      keys: [['internalName']],
    }),
    schema('nms:broadLogMsg', {
      columns: { failureReason: { type: 'byte' }, failureType: { type: 'byte' }, text: string(1000) },
    }),
    schema('nms:broadLogRcp', {
      columns: {
        status: { type: 'byte', values: [0, 1, 2, 6] },
        address: string(128),
        eventDate: { type: 'datetime' },
        lastModified: serverTime,
        'recipient-id': long,
        'delivery-id': long,
        'msg-id': long,
      },
      links: {
        recipient: { target: 'nms:recipient', column: 'recipient-id' },
        delivery: { target: 'nms:delivery', column: 'delivery-id' },
        msg: { target: 'nms:broadLogMsg', column: 'msg-id' },
      },
    }),
  ];
  return new Map(all.map((one) => [one.id, one]));
}

const RECIPIENT: Record<string, Column> = {
  email: string(128),
  firstName: string(30),
  lastName: string(50),
  middleName: string(30),
  salutation: string(50),
  account: string(100),
  language: string(5),
  gender: { type: 'byte', values: [0, 1, 2] },
  birthDate: { type: 'date' },
  phone: string(32),
  mobilePhone: string(32),
  emailFormat: { type: 'byte', values: [0, 1, 2] },
  blackList: flag,
  blackListEmail: flag,
  blackListMobile: flag,
  blackListPhone: flag,
  blackListPostalMail: flag,
  created: serverTime,
  lastModified: serverTime,
  'folder-id': long,
  'location/@address1': string(80),
  'location/@city': string(50),
  'location/@zipCode': string(15),
  'location/@stateCode': string(5),
  'location/@countryCode': string(2),
  cusExternalId: string(64),
  cusLoyaltyTier: string(20),
  cusLoyaltyPoints: long,
  cusLastPurchase: { type: 'datetime' },
};
