// Makes the package that stands for a contract version which is about to become the older one, with the kit of a commit
// bundled in: node tools/freeze-plugin.mjs --contract 1.1 --commit be0ed1f. docs/decisions/0025 says when.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { create } from 'tar';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const ESBUILD = 'esbuild@0.25.12';

const text = { type: 'string' };
const { contract, commit } = parseArgs({ options: { contract: text, commit: text } }).values;
const place = join(ROOT, 'libs', 'connector', 'fixtures', 'frozen', contract);
const tarball = join(place, 'percorso-plugin-frozen.tgz');
if (existsSync(tarball)) throw new Error(`${tarball} is there, and frozen.`);

const work = mkdtempSync(join(tmpdir(), 'percorso-freeze-'));
const run = (command, args, options) => execFileSync(command, args, { cwd: ROOT, ...options });
try {
  const archive = run('git', ['archive', commit, 'libs/plugin-kit/src'], { maxBuffer: 2 ** 28 });
  run('tar', ['-x', '-C', work], { input: archive });
  const target = join(work, 'package');
  mkdirSync(target);
  run(
    'npx',
    [
      '--yes',
      ESBUILD,
      join(place, 'plugin.ts'),
      ...['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--minify', '--keep-names'],
      ...['--legal-comments=none', `--outfile=${join(target, 'index.js')}`],
      `--alias:@percorso/plugin-kit=${join(work, 'libs', 'plugin-kit', 'src', 'index.ts')}`,
      '--tsconfig-raw={"compilerOptions":{"experimentalDecorators":true,"useDefineForClassFields":false}}',
    ],
    // What the kit of then is made with is found in the repository.
    { env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules') }, stdio: 'inherit' },
  );
  copyFileSync(join(place, 'manifest.json'), join(target, 'package.json'));
  await create({ gzip: true, portable: true, file: tarball, cwd: work, mtime: new Date(0) }, ['package']);
  console.log(tarball);
} finally {
  rmSync(work, { recursive: true });
}
