import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub } from '../create-hub';
import { offlineOptions } from './offline-options';
import { openApiDocument } from './document';

/** The document as it is kept in docs/openapi.json; needs no engine. */
export async function openApiText(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'percorso-openapi-'));
  try {
    const app = await createHub(offlineOptions(folder));
    const text = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
    await app.close();
    return text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (require.main === module) {
  const target = process.argv[2] ?? join(__dirname, '..', '..', '..', '..', 'docs', 'openapi.json');
  void openApiText().then((text) => {
    writeFileSync(target, text);
    process.exit(0);
  });
}
