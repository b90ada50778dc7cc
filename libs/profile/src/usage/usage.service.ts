import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, type PageQuery, readPage } from '@percorso/access';
import { CLOCK, type Clock, type FieldError, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { formatField, parseField } from './field-name';
import { STANDARD_LABELS, STANDARD_POLICIES, type UsagePolicy } from './standard';
import type { FieldLabelsView, LabelView, PutLabel, PutUsagePolicy, UsagePolicyView } from './usage.dto';
import { usageChanges } from './usage-rules';
import {
  listFieldLabels,
  listLabels,
  listPolicies,
  putRow,
  removeRow,
  type UsageTable,
  usersOfLabel,
} from './usage.store';

const NAME = /^[a-z][a-z0-9-]{0,62}(:[a-z][a-z0-9-]{0,62})?$/;

const TITLES: Record<UsageTable, string> = {
  usage_label: 'Label',
  field_label: 'Labelled field',
  usage_policy: 'Usage policy',
};

interface Edit {
  workspaceId: string;
  actor: string;
  name: string;
  version: number | undefined;
}

/** Labels, which fields have them, and what they bar: as admins say and see it. Whoever uses fields asks `usageRules`. */
@Injectable()
export class UsageService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  labels(workspaceId: string): Promise<Page<LabelView>> {
    return this.database.tx(workspaceId, async (tx) => ({ data: await allLabels(tx), next: null }));
  }

  putLabel(edit: Edit, { description }: PutLabel): Promise<LabelView> {
    const { name } = edit;
    return this.edit(edit, 'usage-label.put', async (tx, at) => {
      requireOwnName(name, STANDARD_LABELS);
      const before = (await listLabels(tx)).find((one) => one.name === name);
      assertVersion(edit.version, before?.version);
      await putRow(tx, 'usage_label', name, { description }, at);
      return { name, description, standard: false, version: (before?.version ?? 0) + 1 };
    });
  }

  removeLabel(edit: Edit): Promise<void> {
    return this.remove(edit, 'usage_label', async (tx) => {
      const users = await usersOfLabel(tx, edit.name);
      if (users.length > 0) throw Problem.conflict('in-use', `The label is still on: ${users.join(', ')}.`);
      return (await listLabels(tx)).find((one) => one.name === edit.name)?.version;
    });
  }

  fields(workspaceId: string, query: PageQuery): Promise<Page<FieldLabelsView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPage(
        query,
        (after: { field: string } | undefined, limit) => listFieldLabels(tx, { after: after?.field, limit }),
        ({ field }) => ({ field }),
      ),
    );
  }

  field(workspaceId: string, name: string): Promise<FieldLabelsView> {
    return this.database.tx(workspaceId, async (tx) => {
      const row = await fieldLabels(tx, name);
      if (!row) throw Problem.notFound('Labelled field');
      return row;
    });
  }

  putField(edit: Edit, labels: readonly string[]): Promise<FieldLabelsView> {
    const path = parseField(edit.name);
    if (!path) {
      throw Problem.invalid([
        { pointer: 'field', code: 'field', message: 'This is not the name of a field.' },
      ]);
    }
    const field = formatField(path);
    return this.edit({ ...edit, name: field }, 'field-label.put', async (tx, at) => {
      await requireLabels(tx, labels);
      assertVersion(edit.version, (await fieldLabels(tx, field))?.version);
      await putRow(tx, 'field_label', field, { labels: [...new Set(labels)] }, at);
      return (await fieldLabels(tx, field)) as FieldLabelsView;
    });
  }

  removeField(edit: Edit): Promise<void> {
    const name = formatField(parseField(edit.name) ?? [edit.name]);
    return this.remove(
      { ...edit, name },
      'field_label',
      async (tx) => (await fieldLabels(tx, name))?.version,
    );
  }

  policies(workspaceId: string): Promise<Page<UsagePolicyView>> {
    return this.database.tx(workspaceId, async (tx) => ({ data: await allPolicies(tx), next: null }));
  }

  policy(workspaceId: string, name: string): Promise<UsagePolicyView> {
    return this.database.tx(workspaceId, async (tx) => {
      const found = (await allPolicies(tx)).find((one) => one.name === name);
      if (!found) throw Problem.notFound('Usage policy');
      return found;
    });
  }

  putPolicy(edit: Edit, asked: PutUsagePolicy): Promise<UsagePolicyView> {
    const { name } = edit;
    const standard = STANDARD_POLICIES.find((one) => one.name === name);
    const rule = standard ? requireNoRule(asked) : requireRule(name, asked);
    return this.edit(edit, 'usage-policy.put', async (tx, at) => {
      if (rule) await requireLabels(tx, rule.labels);
      const before = (await listPolicies(tx)).find((one) => one.name === name)?.version;
      // A standard one is there before anybody says anything of it.
      assertVersion(edit.version, before ?? (standard && 0));
      const values = { rule: rule && JSON.stringify(rule), enabled: asked.enabled ?? true };
      await putRow(tx, 'usage_policy', name, values, at);
      return (await allPolicies(tx)).find((one) => one.name === name) as UsagePolicyView;
    });
  }

  removePolicy(edit: Edit): Promise<void> {
    const standard = STANDARD_POLICIES.some(({ name }) => name === edit.name);
    if (standard)
      throw Problem.conflict('standard', 'A standard policy can be switched off, not taken away.');
    return this.remove(
      edit,
      'usage_policy',
      async (tx) => (await listPolicies(tx)).find((one) => one.name === edit.name)?.version,
    );
  }

  private remove(
    edit: Edit,
    table: UsageTable,
    versionOf: (tx: Transaction) => Promise<number | undefined>,
  ): Promise<void> {
    return this.edit(edit, `${table.replace('_', '-')}.removed`, async (tx) => {
      const version = await versionOf(tx);
      if (version === undefined) throw Problem.notFound(TITLES[table]);
      assertVersion(edit.version, version);
      await removeRow(tx, table, edit.name);
    });
  }

  /** One change of the rules at a time; what goes by them waits until it was held against the new ones. */
  private edit<T>(
    { workspaceId, actor, name }: Edit,
    action: string,
    work: (tx: Transaction, at: Date) => Promise<T>,
  ): Promise<T> {
    return this.database.tx(workspaceId, async (tx) => {
      await usageChanges(tx);
      const at = this.clock.now();
      const result = await work(tx, at);
      await audit(tx, actor, action, name, result ?? {}, at);
      return result;
    });
  }
}

async function allLabels(tx: Transaction): Promise<LabelView[]> {
  const own = await listLabels(tx);
  return [
    ...STANDARD_LABELS.map((label) => ({ ...label, standard: true, version: 0 })),
    ...own.map((label) => ({ ...label, standard: false })),
  ];
}

async function allPolicies(tx: Transaction): Promise<UsagePolicyView[]> {
  const rows = await listPolicies(tx);
  const standard = STANDARD_POLICIES.map((policy) => {
    const { enabled = true, version = 0 } = rows.find(({ name }) => name === policy.name) ?? {};
    return { ...policy, enabled, standard: true, version };
  });
  const own = rows.flatMap(({ rule, ...row }) => (rule ? [{ ...rule, ...row, standard: false }] : []));
  return [...standard, ...own];
}

async function fieldLabels(tx: Transaction, field: string): Promise<FieldLabelsView | undefined> {
  return (await listFieldLabels(tx, { field: formatField(parseField(field) ?? [field]), limit: 1 }))[0];
}

/** A label nobody knows bars nothing: a slip of the pen must not pass for protection. */
async function requireLabels(tx: Transaction, labels: readonly string[]): Promise<void> {
  const known = new Set((await allLabels(tx)).map(({ name }) => name));
  const errors = labels.flatMap((label, index): FieldError[] =>
    known.has(label)
      ? []
      : [
          {
            pointer: `/labels/${index}`,
            code: 'unknown-label',
            message: `There is no label ${JSON.stringify(label)}.`,
          },
        ],
  );
  if (errors.length > 0) throw Problem.invalid(errors);
}

function requireOwnName(name: string, standard: readonly { name: string }[]): void {
  if (standard.some((one) => one.name === name)) {
    throw Problem.conflict('standard', 'The standard ones are as they are.');
  }
  if (!NAME.test(name)) {
    const message =
      'A name is small letters, digits and hyphens, with a prefix such as contract: if you like.';
    throw Problem.invalid([{ pointer: 'name', code: 'name', message }]);
  }
}

function requireRule(name: string, asked: PutUsagePolicy): Omit<UsagePolicy, 'name'> {
  requireOwnName(name, []);
  const { description = '', actions, labels, match = 'any', audiences = true } = asked;
  if (actions && labels) return { description, actions, labels: [...new Set(labels)], match, audiences };
  throw Problem.invalid(
    (['actions', 'labels'] as const)
      .filter((field) => asked[field] === undefined)
      .map((field) => ({ pointer: `/${field}`, code: 'required', message: 'is needed' })),
  );
}

function requireNoRule(asked: PutUsagePolicy): null {
  const given = Object.entries(asked).filter(([field, value]) => field !== 'enabled' && value !== undefined);
  if (given.length === 0) return null;
  throw Problem.invalid(
    given.map(([field]) => ({
      pointer: `/${field}`,
      code: 'standard',
      message: 'A standard policy can be switched on and off only.',
    })),
  );
}
