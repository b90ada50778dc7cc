import type { ProfileFixture } from '../profile-fixture';
import { SchemaImportService } from './schema-import.service';
import { SchemaService } from './schema.service';
import { useProfileFixture } from '../use-profile-fixture';

const PROFILE = 'https://ns.adobe.com/xdm/context/profile';
const EVENT = 'https://ns.adobe.com/xdm/context/experienceevent';

describe('schemas taken over from XDM', () => {
  let fixture: ProfileFixture;
  let schemas: SchemaService;
  let imports: SchemaImportService;
  let workspaceId: string;

  useProfileFixture((started) => {
    fixture = started;
    schemas = new SchemaService(fixture.database, fixture.clock);
    imports = new SchemaImportService(fixture.database, schemas);
  });
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  const member = {
    $id: 'https://ns.adobe.com/acme/schemas/member',
    title: 'Member',
    'meta:class': PROFILE,
    properties: {
      email: {
        type: 'string',
        format: 'email',
        'meta:descriptors': [
          { '@type': 'xdm:descriptorIdentity', 'xdm:namespace': 'Email', 'xdm:isPrimary': true },
        ],
      },
      cardNumber: {
        type: 'string',
        'meta:descriptors': [{ '@type': 'xdm:descriptorIdentity', 'xdm:namespace': 'CRM_ID' }],
      },
    },
  };
  const order = {
    $id: 'https://ns.adobe.com/acme/schemas/order',
    title: 'Orders',
    'meta:class': EVENT,
    required: ['_id', 'timestamp', 'total'],
    properties: { total: { type: 'number', 'meta:xdmType': 'number', minimum: 0 } },
  };

  it('are only looked at in a dry run, and in force after an import', async () => {
    const report = await imports.import(workspaceId, 'spec', { documents: [member], dryRun: true });
    expect(report).toMatchObject({ dryRun: true, imported: null, kind: 'traits', name: 'identify' });
    expect((await schemas.list(workspaceId, { limit: 10 })).data).toEqual([]);

    const done = await imports.import(workspaceId, 'spec', { documents: [member], policy: 'quarantine' });
    expect(done).toMatchObject({
      dryRun: false,
      schema: report.schema,
      imported: { version: 1, policy: 'quarantine' },
    });
    expect(await schemas.get(workspaceId, 'traits', 'identify')).toMatchObject({ schema: report.schema });
    const again = await imports.import(workspaceId, 'spec', { documents: [member], policy: 'quarantine' });
    expect(again.imported).toMatchObject({ version: 1 });

    const identify = (email: string): object => ({ type: 'identify', userId: 'u', traits: { email } });
    await fixture.say(workspaceId, identify('nobody'), identify('u@example.com'));
    expect(await fixture.head(workspaceId)).toMatchObject({ accepted: 1, quarantined: 1 });
  });

  it('of events are of the event that is named, whose id and time are the item’s', async () => {
    const done = await imports.import(workspaceId, 'spec', {
      documents: [order],
      name: 'Order Completed',
      policy: 'quarantine',
    });
    expect(done).toMatchObject({
      imported: { kind: 'events', name: 'Order Completed', policy: 'quarantine' },
      ignored: [{ pointer: '/documents/0/required', keyword: 'required' }],
    });
    const ordered = (properties: object): object => ({
      type: 'track',
      userId: 'u',
      event: 'Order Completed',
      properties,
    });
    await fixture.say(workspaceId, ordered({ total: 1 }), ordered({ total: -1 }), ordered({}));
    expect(await fixture.head(workspaceId)).toMatchObject({ accepted: 1, quarantined: 2 });
    expect((await imports.import(workspaceId, 'spec', { documents: [order] })).imported).toMatchObject({
      name: 'Orders',
      policy: 'warn',
    });
  });

  it('tell which fields are identities, and whether their namespaces are there', async () => {
    const { identities } = await imports.import(workspaceId, 'spec', { documents: [member], dryRun: true });
    expect(identities).toEqual([
      {
        pointer: '/documents/0/properties/email/meta:descriptors/0',
        property: '/email',
        xdmNamespace: 'Email',
        namespace: 'email',
        exists: true,
        primary: true,
      },
      {
        pointer: '/documents/0/properties/cardNumber/meta:descriptors/0',
        property: '/cardNumber',
        xdmNamespace: 'CRM_ID',
        namespace: 'crm_id',
        exists: false,
        primary: false,
      },
    ]);
  });

  it('are refused with all that is wrong, and nothing is in force', async () => {
    const documents = [{ ...member, allOf: [{ $ref: PROFILE }, { $ref: '#/definitions/none' }] }];
    await expect(imports.import(workspaceId, 'spec', { documents })).rejects.toMatchObject({
      status: 422,
      errors: [
        { pointer: '/documents/0/allOf/0/$ref', code: 'reference-unresolved' },
        { pointer: '/documents/0/allOf/1/$ref', code: 'reference-unresolved' },
      ],
    });
    await expect(
      imports.import(workspaceId, 'spec', { documents: [{ ...order, title: undefined }] }),
    ).rejects.toMatchObject({ errors: [{ pointer: '/name', code: 'name-required' }] });
    expect((await schemas.list(workspaceId, { limit: 10 })).data).toEqual([]);
    const loose = await imports.import(workspaceId, 'spec', {
      documents,
      unresolved: 'ignore',
      dryRun: true,
    });
    expect(loose.ignored).toHaveLength(2);
  });
});
