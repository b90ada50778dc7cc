import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate that is its own authority: who trusts it as one trusts the server that shows it. */
export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  /** The same as files, for programs that want paths. */
  certFile: string;
  keyFile: string;
}

/** Makes a certificate of a day for these host names and addresses, in a folder of its own below the system's temporary one. */
export async function makeCertificate(...names: string[]): Promise<Certificate> {
  const altNames = names.map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), 'percorso-certificate-'));
  const certificate = {
    cert: made.cert,
    key: made.private,
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
  };
  writeFileSync(certificate.certFile, certificate.cert);
  writeFileSync(certificate.keyFile, certificate.key, { mode: 0o600 });
  return certificate;
}
