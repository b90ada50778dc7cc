import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COMMAND_MS = 180_000;
// The C and C++ runtimes must be the system's own: its loader fits no other.
const SYSTEM_LIBRARIES = /^(libc6|libgcc-s1|libstdc\+\+6|libcrypt1)$/;

/**
 * Debian's (or Ubuntu's) packages unpacked into a folder: no root, no service, nothing of the system changed.
 * apt reads the system's sources, and keeps its lists and caches in `<folder>/apt`.
 */
export async function unpackDebianPackage(name: string, folder: string): Promise<void> {
  const apt = privateApt(join(folder, 'apt'));
  // A source that fails must not stop the rest: what counts is whether the package is found.
  const update = await apt('apt-get', ['update']).catch((error: unknown) => error);
  let wanted: string[];
  try {
    wanted = await closureOf(name, apt);
  } catch (error) {
    throw update instanceof Error ? update : error;
  }
  const downloads = join(folder, 'apt', 'downloads');
  mkdirSync(downloads, { recursive: true });
  await apt('apt-get', ['download', ...wanted], downloads);
  const root = join(folder, 'root');
  for (const file of readdirSync(downloads)) {
    await run('dpkg-deb', ['--extract', join(downloads, file), root], { timeout: COMMAND_MS });
  }
}

/** Folders below an unpacked root that hold shared libraries. */
export function libraryFolders(root: string): string[] {
  return ['usr/lib', 'lib']
    .map((part) => join(root, part))
    .filter((part) => existsSync(part))
    .flatMap((part) => [
      part,
      ...readdirSync(part, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(part, entry.name)),
    ])
    .filter((part) => readdirSync(part).some((file) => /\.so(\.|$)/.test(file)));
}

type Apt = (command: 'apt-get' | 'apt-cache', words: string[], cwd?: string) => Promise<string>;

function privateApt(folder: string): Apt {
  for (const part of ['lists/partial', 'cache/archives/partial', 'log']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const config = join(folder, 'apt.conf');
  // An empty status file makes apt see no installed package, so every dependency is listed.
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(
    config,
    [
      `Dir::State "${folder}";`,
      `Dir::State::lists "${folder}/lists";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      `Dir::Cache::archives "${folder}/cache/archives";`,
      `Dir::Log "${folder}/log";`,
      'Debug::NoLocking "true";',
      'APT::Sandbox::User "";',
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      'APT::Get::List-Cleanup "false";',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '',
    ].join('\n'),
  );
  return async (command, words, cwd = folder) => {
    const { stdout } = await run(command, ['-q', '-c', config, ...words], {
      cwd,
      timeout: COMMAND_MS,
      maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
    return stdout;
  };
}

async function closureOf(name: string, apt: Apt): Promise<string[]> {
  const text = await apt('apt-cache', [
    'depends',
    '--recurse',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
    name,
  ]);
  return reachable(name, dependencyGraph(text));
}

// Lines at the margin name a package, indented ones what it depends on.
function dependencyGraph(text: string): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    const dependency = /^\s+\|?(?:Pre)?Depends: ([a-z0-9][^\s:]*)/.exec(line)?.[1];
    if (dependency) current.push(dependency);
    else if (/^[a-z0-9]/.test(line)) graph.set(line.trim(), (current = []));
  }
  return graph;
}

// Only libraries are followed: what else a package asks for serves its installation scripts.
function reachable(name: string, graph: Map<string, string[]>): string[] {
  const found = new Set([name]);
  for (const entry of found) {
    for (const next of graph.get(entry) ?? []) {
      if (/^(lib|lua-)/.test(next) && !SYSTEM_LIBRARIES.test(next)) found.add(next);
    }
  }
  return [...found];
}
