import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AxiosInstance } from 'axios';
import { create } from 'tar';

export interface PluginPackage {
  name: string;
  version: string;
  /** Its manifest. */
  percorso: object;
  /** Its `index.js`. */
  code: string;
}

/** A package as its author packs it. @param folder where there is room for it */
export async function packPlugin(folder: string, { code, ...about }: PluginPackage): Promise<Buffer> {
  const place = join(folder, about.name, about.version);
  mkdirSync(join(place, 'package'), { recursive: true });
  const more = { keywords: ['percorso-plugin'], main: 'index.js' };
  const dependencies = { '@percorso/plugin-kit': '^0.1.0' };
  writeFileSync(join(place, 'package', 'package.json'), JSON.stringify({ ...about, ...more, dependencies }));
  writeFileSync(join(place, 'package', 'index.js'), code);
  const file = `${place}.tgz`;
  await create({ gzip: true, file, cwd: place }, ['package']);
  return readFileSync(file);
}

/** Hands a package to the hub. @param http with the key of an admin; no status throws */
export async function uploadPlugin(http: AxiosInstance, bytes: Buffer): Promise<void> {
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const path = `/v1/plugins/tarball?integrity=${encodeURIComponent(integrity)}`;
  const { status } = await http.post(path, bytes, { headers: { 'content-type': 'application/gzip' } });
  expect(status).toBe(201);
}
