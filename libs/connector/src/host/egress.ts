import type { Egress } from '@percorso/plugin-kit';

/** One place a plugin may connect to. `host` may start with `*.`. */
export interface EgressRule {
  host: string;
  port: number;
}

/** The manifest's egress for one connector's settings; references to settings that are not set allow nothing. */
export function egressRules(egress: Egress[], settings: Record<string, unknown>): EgressRule[] {
  return egress.flatMap((entry) => {
    if (typeof entry === 'string') return parsePlace(entry, 443);
    const value = settings[entry.setting];
    if (typeof value !== 'string') return [];
    const port = typeof entry.port === 'object' ? Number(settings[entry.port.setting]) : entry.port;
    return parsePlace(value, port);
  });
}

/** Whether `host:port`, as a plugin asked for it, is allowed. */
export function isAllowed(rules: EgressRule[], host: string, port: number): boolean {
  const asked = normalizeHost(host);
  if (asked === undefined) return false;
  return rules.some(
    (rule) =>
      rule.port === port &&
      (rule.host.startsWith('*.') ? asked.endsWith(rule.host.slice(1)) : rule.host === asked),
  );
}

/** The host as a URL parser folds it: case, IDN, and the many ways to write an IPv4 address. */
export function normalizeHost(host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '');
  const url = parseUrl(`http://${bare.includes(':') ? `[${bare}]` : bare}/`);
  if (!url || url.username || url.port || url.pathname !== '/' || url.search || url.hash) return undefined;
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function parsePlace(place: string, port: number | undefined): EgressRule[] {
  if (place.includes('://')) {
    const url = parseUrl(place);
    if (!url) return [];
    const own = url.port ? Number(url.port) : url.protocol === 'http:' ? 80 : 443;
    return rule(url.hostname, port ?? own);
  }
  const [, host = '', ownPort] =
    /^(\[[^\]]+\]|[^:]+|[0-9a-fA-F:]+:[0-9a-fA-F:]*)(?::(\d+))?$/.exec(place) ?? [];
  return rule(host, ownPort ? Number(ownPort) : (port ?? 443));
}

function rule(host: string, port: number): EgressRule[] {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return [];
  const wildcard = host.startsWith('*.');
  const normal = normalizeHost(wildcard ? host.slice(2) : host);
  return normal ? [{ host: wildcard ? `*.${normal}` : normal, port }] : [];
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
