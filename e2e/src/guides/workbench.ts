import { copyFileSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sample';

/**
 * A clone as a reader stands in it, in a folder of the test's own: the real libs, tools, programs and packages, and
 * room for what the guide says to write.
 */
export function makeWorkbench(folder: string): void {
  mkdirSync(join(folder, 'plugins'));
  for (const name of ['libs', 'tools', 'apps', 'docs']) symlinkSync(join(ROOT, name), join(folder, name));
  linkPackages(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Copies: their own folder is what they mean by the root of the clone.
  for (const name of ['package.json', 'jest.config.js', 'tsconfig.base.json'])
    copyFileSync(join(ROOT, name), join(folder, name));
}

// A real folder of links, as npm makes it: a plugin's process may follow a link to a package, but none to all of them.
function linkPackages(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name.startsWith('@')) linkPackages(join(from, name), join(to, name));
    else symlinkSync(realpathSync(join(from, name)), join(to, name));
  }
}
