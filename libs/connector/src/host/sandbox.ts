import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, sep } from 'node:path';

/** `enforced`: the kernel keeps a plugin from everything but its code. `advisory`: only Node does, as far as it can. */
export type Isolation = 'enforced' | 'advisory';

export interface Command {
  file: string;
  args: string[];
}

/** How children are started. */
export interface Sandbox {
  isolation: Isolation;
  /** Why it is not enforced; null where it is. */
  problem: string | null;
  /**
   * Node with `args`, able to read `readable` at most where the kernel allows such a thing.
   * @param parent the process that will start it, with which it ends
   */
  command(args: string[], readable: string[], parent?: number): Command;
}

/**
 * Namespaces of its own: a network that has nothing, not even a loopback that is up; processes, so that it sees and signals
 * nobody; and a read-only root with nothing in it but Node, its libraries and the folders named. Without capabilities, in a
 * session of its own, and dead when the hub is.
 */
const NAMESPACES = ['--user', '--map-root-user', '--net', '--pid', '--mount', '--ipc', '--uts'];
const SHELL = '/bin/sh';
/** Nobody signals the death of a parent that died before the signal was asked for: so whose child this is, is asked after that. */
const START = `
[ "$PPID" = "$1" ] || exit 1
shift
export maker=$$
exec "$@"
`;
/** Within, processes outside have no numbers, but for those who read the /proc of outside. */
const BUILD_ROOT = `
set -e
read -r _ _ _ parent _ < /proc/self/stat
[ "$parent" = "$maker" ]
unset maker
root=$1; shift
mount -t tmpfs -o mode=755,size=64k none "$root"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root\${1%/*}"; : > "$root$1"; fi
  mount --rbind "$1" "$root$1"
  mount -o remount,bind,ro "$root$1"
  shift
done
shift
mkdir "$root/proc"
mount -t proc proc "$root/proc" || true
mount -o remount,ro "$root"
exec chroot "$root" "$@"
`;
const LIBRARIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib'];
const PROBE_MS = 20_000;

let probed: Sandbox | undefined;

/** The best that this machine can do, found out once by trying. */
export function bestSandbox(): Sandbox {
  probed ??= probe();
  return probed;
}

/** What there is where the kernel lends no hand. */
export function advisorySandbox(problem: string): Sandbox {
  const setpriv = find('setpriv');
  return {
    isolation: 'advisory',
    problem,
    command: (args, _, parent = process.pid) =>
      setpriv === undefined
        ? { file: process.execPath, args }
        : { file: setpriv, args: [...endingWith(parent), process.execPath, ...args] },
  };
}

function probe(): Sandbox {
  const [unshare, setpriv] = [find('unshare'), find('setpriv')];
  if (process.platform !== 'linux' || unshare === undefined || setpriv === undefined)
    return advisorySandbox('There are no unshare and setpriv of util-linux on this machine.');
  const sandbox = kernelSandbox(unshare, setpriv);
  const { file, args } = sandbox.command(['-e', '0'], []);
  const { status } = spawnSync(file, args, { env: {}, cwd: '/', stdio: 'ignore', timeout: PROBE_MS });
  return status === 0 ? sandbox : advisorySandbox('The kernel does not let this user make namespaces.');
}

function kernelSandbox(unshare: string, setpriv: string): Sandbox {
  const root = join(realpathSync(tmpdir()), `percorso-root-${userInfo().uid}`);
  mkdirSync(root, { recursive: true });
  const node = realpathSync(process.execPath);
  const always = [...LIBRARIES.filter((path) => existsSync(path)), node, setpriv];
  return {
    isolation: 'enforced',
    problem: null,
    command: (args, readable, parent = process.pid) => ({
      file: setpriv,
      args: [
        ...[...endingWith(parent), unshare, ...NAMESPACES, '--fork', '--kill-child=SIGKILL'],
        ...[SHELL, '-c', BUILD_ROOT, 'sh', root, ...foldersOf([...always, ...readable]), '--'],
        ...[setpriv, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', node, ...args],
      ],
    }),
  };
}

function endingWith(parent: number): string[] {
  return ['--pdeathsig', 'KILL', SHELL, '-c', START, 'sh', String(parent)];
}

/** Few folders that hold all these paths: a folder of packages as a whole, and none within another. */
export function foldersOf(paths: string[]): string[] {
  const modules = `${sep}node_modules${sep}`;
  const folders = paths.map((path) => {
    const at = path.indexOf(modules);
    return at < 0 ? path : path.slice(0, at + modules.length - 1);
  });
  const sorted = [...new Set(folders)].sort();
  return sorted.filter((path) => !sorted.some((other) => other !== path && path.startsWith(other + sep)));
}

/** Where distributions put it: never whatever PATH names first. */
function find(program: string): string | undefined {
  const found = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
    .map((place) => join(place, program))
    .find((path) => existsSync(path));
  return found === undefined ? undefined : realpathSync(found);
}
