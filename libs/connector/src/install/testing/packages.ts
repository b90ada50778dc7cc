import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { integrityOf } from '../integrity';

export interface Entry {
  path: string;
  content?: string | Buffer;
  type?: string;
  linkpath?: string;
}

/** A tarball of exactly these entries, whatever they are; not even npm would pack some of them. */
export function tarballOf(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, content = '', type = 'File', linkpath }) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    new Header({
      path,
      type,
      linkpath,
      size: bytes.length,
      mode: 0o4755,
      mtime: new Date(0),
    } as never).encode(header);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export interface PluginSource {
  version?: string;
  name?: string;
  manifest?: object;
  packageJson?: object;
  code?: string;
  files?: Entry[];
}

export const CODE = `
const { Setting, Secret, capability, definePlugin, accepted } = require('@percorso/plugin-kit');
class Settings {}
Setting({ title: 'API' })(Settings.prototype, 'url');
require('class-validator').IsString()(Settings.prototype, 'url');
Secret()(Settings.prototype, 'apiKey');
require('class-validator').IsOptional()(Settings.prototype, 'apiKey');
exports.default = definePlugin({
  settings: Settings,
  check: async () => undefined,
  upsert: capability(async (items, { settings }) => items.map(() => accepted('VERSION ' + settings.url + ' ' + settings.apiKey)), {
    idempotency: 'upsert', batch: 100, perSecond: 100000 }),
});`;

/** A plugin package as \`npm pack\` would make it. */
export function pluginTarball(source: PluginSource = {}): Buffer {
  const {
    version = '1.0.0',
    name = 'percorso-plugin-texts',
    manifest,
    packageJson,
    code = CODE,
    files = [],
  } = source;
  const json = {
    name,
    version,
    keywords: ['percorso-plugin'],
    main: 'index.js',
    percorso: {
      id: 'texts',
      name: 'Texts',
      kind: 'campaign',
      api: '^1.1',
      settingsVersion: 1,
      capabilities: ['upsert'],
      egress: [{ setting: 'url' }],
      ...manifest,
    },
    dependencies: { '@percorso/plugin-kit': '^0.1.0', 'class-validator': '0.15.1' },
    ...packageJson,
  };
  return tarballOf([
    { path: 'package/package.json', content: JSON.stringify(json) },
    { path: 'package/index.js', content: code.replaceAll('VERSION', version) },
    ...files,
  ]);
}

/** An npm registry of one package, as far as an installer asks it. */
export class PackageServer {
  private readonly server: Server;
  private readonly packages = new Map<string, { tarball: Buffer; integrity: string | undefined }>();
  url = '';
  /** Puts other bytes under a version than the document promises. */
  tamper?: (tarball: Buffer) => Buffer;
  tarballHost?: string;

  constructor() {
    this.server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '');
      const file = /^\/files\/(.+)\.tgz$/.exec(path)?.[1];
      const found = file === undefined ? undefined : this.packages.get(file);
      if (found) {
        response.end(this.tamper?.(found.tarball) ?? found.tarball);
        return;
      }
      const name = path.slice(1);
      const versions = [...this.packages].filter(([key]) => key.startsWith(`${name}@`) && name !== '');
      if (versions.length === 0) {
        response.writeHead(404).end('{}');
        return;
      }
      const document = versions.map(([key, { integrity }]) => {
        const tarball = `${this.tarballHost ?? this.url}/files/${encodeURIComponent(key)}.tgz`;
        return [key.slice(name.length + 1), { dist: { tarball, integrity } }];
      });
      response.end(JSON.stringify({ name, versions: Object.fromEntries(document) }));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  publish(
    name: string,
    version: string,
    tarball: Buffer,
    integrity: string | undefined = integrityOf(tarball),
  ): void {
    this.packages.set(`${name}@${version}`, { tarball, integrity });
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
