import { readdirSync, readFileSync } from 'node:fs';

interface Entry {
  pid: number;
  parent: number;
  command: string;
}

const PLUGIN_MAIN = 'host/child/main.js';

/** The processes that run plugins below these hubs, whatever sandbox is between, oldest first. */
export function pluginProcesses(hubs: readonly number[]): { pid: number; plugin: string }[] {
  const all = entries();
  const found: Entry[] = [];
  let parents = new Set(hubs);
  while (parents.size > 0) {
    const children = all.filter(({ parent }) => parents.has(parent));
    // In a sandbox the outer process has the same words in its command, and waits for the inner one.
    const inner = children.filter(
      ({ pid, command }) =>
        command.includes(PLUGIN_MAIN) &&
        !all.some(({ parent, command: words }) => parent === pid && words !== ''),
    );
    found.push(...inner);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found
    .sort((a, b) => a.pid - b.pid)
    .map(({ pid, command }) => ({ pid, plugin: command.trim().split('/').slice(-3).join('/') }));
}

function entries(): Entry[] {
  return readdirSync('/proc').flatMap((name): Entry[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name in brackets may hold anything, so fields count from the last bracket.
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(name), parent, command }];
    } catch {
      return [];
    }
  });
}

/** True when the signal was given; false when the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
