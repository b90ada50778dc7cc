// Writes a plugin that passes its own exam at once: npm run new:plugin -- --kind messaging --id acme [--dir FOLDER]
// Inside this repository it goes to plugins/<kind>-<id>; with --dir to a folder of its own, anywhere.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What is written for a plugin of each kind. */
const KINDS = {
  messaging: { capabilities: ['send'], channel: 'sms', addressPointer: '/to' },
  campaign: { capabilities: ['upsert', 'remove'], recordKey: '/email' },
  service: { capabilities: ['call'] },
};
const TEMPLATES = join(dirname(fileURLToPath(import.meta.url)), 'templates');
const USAGE =
  'npm run new:plugin -- --kind messaging|campaign|service --id acme [--name Acme] [--dir FOLDER]';

/** For people: what they typed is wrong. */
class Mistake extends Error {}

function main() {
  const { kind, id, name, dir } = readArguments();
  const clone = process.cwd();
  const root = readJson(join(clone, 'package.json'));
  if (!existsSync(join(clone, 'libs', 'plugin-kit')))
    throw new Mistake('Run this in a clone of the hub: it is where the kit is.');
  const inside = dir === undefined;
  const folder = inside
    ? join(clone, 'plugins', `${kind}-${id}`)
    : resolve(process.env.INIT_CWD ?? clone, dir);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Mistake(`${folder} is not empty.`);
  const fill = (text) => text.replaceAll('__id__', id).replaceAll('__name__', name);
  const write = (file, text) => {
    const path = join(folder, fill(file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, fill(text));
  };
  for (const from of [kind, 'common'].map((one) => join(TEMPLATES, one)))
    for (const file of readdirSync(from, { recursive: true }).filter((one) => one.endsWith('.tmpl')))
      write(file.slice(0, -'.tmpl'.length), readFileSync(join(from, file), 'utf8'));
  const place = inside ? insidePackage(kind) : outsidePackage(clone, folder, root, kind);
  for (const [file, value] of Object.entries(place))
    write(file, typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`);
  if (inside) addReference(clone, `plugins/${kind}-${id}`);
  console.log(nextSteps(inside, folder, relative(clone, folder)));
}

function readArguments() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { kind: text, id: text, name: text, dir: text } });
  const { kind, id, dir } = values;
  if (!Object.hasOwn(KINDS, kind ?? ''))
    throw new Mistake(`--kind must be one of ${Object.keys(KINDS).join(', ')}.`);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id ?? '') || id.length < 2 || id.length > 40)
    throw new Mistake('--id must be in kebab-case, such as acme or acme-mail.');
  const name =
    values.name ??
    id
      .split('-')
      .map((word) => word[0].toUpperCase() + word.slice(1))
      .join(' ');
  if (!/^[\p{L}\p{N} .&-]{1,60}$/u.test(name))
    throw new Mistake('--name must be letters, digits and blanks.');
  return { kind, id, name, dir };
}

const manifest = (kind) => ({
  id: '__id__',
  name: '__name__',
  kind,
  api: '^1.2',
  settingsVersion: 1,
  ...KINDS[kind],
  egress: [{ setting: 'url' }],
});

const packageJson = (kind) => ({
  version: '0.1.0',
  description: '__name__ for Percorso.',
  license: 'UNLICENSED',
  keywords: ['percorso-plugin'],
  percorso: manifest(kind),
  main: 'dist/index.js',
  types: 'dist/index.d.ts',
  files: ['dist', '!dist/**/*.spec.*', '!dist/testing', '!dist/.tsbuildinfo'],
});

/** The repository brings packages, compiler and jest. */
const insidePackage = (kind) => ({
  'package.json': {
    name: `@percorso/plugin-${kind}-__id__`,
    private: true,
    ...packageJson(kind),
    dependencies: { '@percorso/plugin-kit': '0.1.0', 'class-validator': '0.15.1' },
    devDependencies: { '@percorso/plugin-testkit': '0.1.0' },
    scripts: {
      build: 'tsc -b',
      test: `jest -c ../../jest.config.js --passWithNoTests plugins/${kind}-__id__/`,
    },
  },
  'tsconfig.json': {
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
    include: ['src'],
    references: [{ path: '../../libs/plugin-kit' }, { path: '../../libs/plugin-testkit' }],
  },
});

/** Elsewhere a package stands on its own feet. What a hub brings are its peers; the kit comes from the clone. */
function outsidePackage(clone, folder, root, kind) {
  const lib = (name) => `file:${relative(folder, join(clone, 'libs', name))}`;
  const known = { ...root.dependencies, ...root.devDependencies };
  const tools = [
    '@swc/core',
    '@swc/jest',
    '@types/jest',
    '@types/node',
    'class-validator',
    'jest',
    'typescript',
  ];
  const compiler = readJson(join(clone, 'tsconfig.base.json'));
  return {
    'package.json': {
      name: 'percorso-plugin-__id__',
      ...packageJson(kind),
      peerDependencies: { '@percorso/plugin-kit': '^0.1.0', 'class-validator': known['class-validator'] },
      devDependencies: {
        '@percorso/plugin-kit': lib('plugin-kit'),
        '@percorso/plugin-testkit': lib('plugin-testkit'),
        ...Object.fromEntries(tools.map((name) => [name, known[name]])),
      },
      scripts: { build: 'tsc -p .', test: 'jest', prepack: 'npm run build' },
    },
    'tsconfig.json': {
      compilerOptions: {
        ...compiler.compilerOptions,
        composite: false,
        rootDir: 'src',
        outDir: 'dist',
      },
      include: ['src'],
    },
    'jest.config.js': readFileSync(join(TEMPLATES, 'jest.config.js.tmpl.txt'), 'utf8'),
    '.gitignore': 'node_modules\ndist\n',
  };
}

/** So that the repository's build knows it. */
function addReference(clone, path) {
  const file = join(clone, 'tsconfig.json');
  if (!existsSync(file)) return;
  const config = readJson(file);
  if (config.references.some((one) => one.path === path)) return;
  config.references.push({ path });
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
}

const nextSteps = (inside, folder, path) =>
  inside
    ? `Written to ${path}. Its exam:\n  npx tsc -b ${path} && npx jest -c jest.config.js ${path}`
    : `Written to ${folder}. Its exam, there:\n  npm install && npm run build && npm test`;

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

try {
  main();
} catch (error) {
  if (!(error instanceof Mistake) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}
