import { definitionOf } from '../compile/set-fixture';
import { fieldsOf } from './fields-of';

const bought = { event: { name: 'Bought', where: [{ path: 'sku', op: 'eq', value: 'x' }] } };

describe('the fields a definition looks at', () => {
  it.each<[object, string[]]>([
    [{ trait: { path: 'address.city', op: 'eq', value: 'Rome' } }, ['traits/address/city']],
    [
      { trait: { path: 'store', lookup: 'store', field: 'region', op: 'eq', value: 'north' } },
      ['traits/store'],
    ],
    [{ not: { identity: { namespace: 'email', op: 'exists' } } }, ['identities/email']],
    [{ account: { where: [{ path: 'plan', op: 'eq', value: 'pro' }] } }, ['groups', 'accounts/plan']],
    [
      { accountMember: { account: [{ path: 'plan', op: 'eq', value: 'pro' }], where: bought } },
      ['groups', 'accounts/plan', 'events/Bought/', 'events/Bought/sku'],
    ],
    [{ sample: { percent: 10 } }, []],
  ])('%j', (where, fields) => {
    expect(fieldsOf(definitionOf(where)).map((path) => path.join('/'))).toEqual(fields);
  });
});
