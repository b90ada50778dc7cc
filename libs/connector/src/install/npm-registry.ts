import axios, { isAxiosError } from 'axios';
import { Problem } from '@percorso/kernel';
import { sha512In } from './integrity';
import { PACKAGE_LIMITS } from './unpack';

const DOCUMENT_BYTES = 8 * 1024 * 1024;
/** All versions with what an installer needs of them; registries that do not know it send the whole document. */
const ABBREVIATED = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8';
const PATIENCE_MS = 30_000;

export interface FetchedPackage {
  tarball: Buffer;
  /** As the registry's document promises it; not checked yet. */
  integrity: string;
}

interface Packument {
  versions?: Record<string, { dist?: { tarball?: unknown; integrity?: unknown } } | undefined>;
}

/** An npm-compatible registry, asked for exactly one version. Nothing of npm itself runs. */
export class NpmRegistry {
  constructor(private readonly url: string) {}

  /** @throws Problem 422 `unknown-package` when it is not there; 503 `registry-unavailable` */
  async fetch(name: string, version: string): Promise<FetchedPackage> {
    const base = this.url.endsWith('/') ? this.url : `${this.url}/`;
    const document = await this.get(new URL(name.replace('/', '%2f'), base), DOCUMENT_BYTES);
    const dist = parse(document).versions?.[version]?.dist;
    if (!dist) throw unknownPackage(`The registry has no ${name}@${version}.`);
    const integrity = sha512In(dist.integrity);
    if (integrity === undefined) throw unknownPackage(`The registry states no sha512 of ${name}@${version}.`);
    const tarball =
      typeof dist.tarball === 'string' && URL.canParse(dist.tarball) ? new URL(dist.tarball) : null;
    if (tarball?.origin !== new URL(base).origin)
      throw unknownPackage(`The registry keeps the tarball of ${name}@${version} on another host.`);
    return { tarball: await this.get(tarball, PACKAGE_LIMITS.tarballBytes), integrity };
  }

  private async get(url: URL, maxBytes: number): Promise<Buffer> {
    try {
      const { data } = await axios.get<Buffer>(url.href, {
        headers: { accept: `${ABBREVIATED}, */*; q=0.1` },
        responseType: 'arraybuffer',
        timeout: PATIENCE_MS,
        signal: AbortSignal.timeout(PATIENCE_MS),
        maxContentLength: maxBytes,
        maxRedirects: 0,
        proxy: false,
      });
      return data;
    } catch (error) {
      if (isAxiosError(error) && [401, 403, 404].includes(error.response?.status ?? 0))
        throw unknownPackage('The registry has no such package, or does not give it out.');
      if (isAxiosError(error) && /maxContentLength/.test(error.message))
        throw unknownPackage(`The registry answered more than ${maxBytes} bytes.`);
      throw new Problem({
        status: 503,
        code: 'registry-unavailable',
        title: 'The plugin registry cannot be reached',
        retryAfter: 30,
        cause: error,
      });
    }
  }
}

function parse(document: Buffer): Packument {
  try {
    return JSON.parse(document.toString('utf8')) as Packument;
  } catch {
    throw unknownPackage('The registry answered no JSON.');
  }
}

const unknownPackage = (detail: string): Problem =>
  new Problem({ status: 422, code: 'unknown-package', title: 'No such package', detail });
