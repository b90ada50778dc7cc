import { recordKeyOf } from './record-key';

it.each([
  ['/email', {}, [['email']]],
  ['/account, /folder/name', {}, [['account'], ['folder', 'name']]],
  [{ setting: 'key' }, { key: '@email' }, [['email']]],
  [{ setting: 'key' }, { key: '@account,[folder/@name]' }, [['account'], ['folder', 'name']]],
  [{ setting: 'key' }, {}, undefined],
  ['/email,', {}, undefined],
  [undefined, {}, undefined],
])('the record key %j with %j is %j', (recordKey, settings, paths) => {
  expect(recordKeyOf(recordKey, settings)).toEqual(paths);
});
