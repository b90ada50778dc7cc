import { startTestEngines } from '@percorso/engines';
import { Database, connectClickHouse, migrate } from '@percorso/storage';
import { insertDefaultNamespaces, IdentityResolver } from '@percorso/identity';
import { newId, systemClock } from '@percorso/kernel';
import { Applier } from './applier';
import { BatchApplier } from './apply-batch';
import { LogReader } from './log-reader';
import { IngestLog } from '@percorso/ingest';
import { Loader } from './loader';
import { ClickHouseWriter } from './clickhouse.writer';

import { Transaction } from '@percorso/storage';
const times = new Map<string, [number, number]>();
const original = Transaction.prototype.query;
(Transaction.prototype as never as Record<string, unknown>).query = async function (this: Transaction, text: string, values?: unknown[]) {
  const t = performance.now();
  try { return await original.call(this, text, values as never); } finally { const k = text.trim().replace(/\s+/g, ' ').slice(0, 60); const e = times.get(k) ?? [0, 0]; e[0] += performance.now() - t; e[1]++; times.set(k, e); }
};
test('speed', async () => {
  const engines = await startTestEngines();
  const ch = connectClickHouse(engines.clickhouseUrl);
  await migrate(engines.databaseUrl, ch);
  const db = new Database({ url: engines.databaseUrl });
  const ws = newId();
  const now = new Date();
  const N = Number(process.env.N ?? 40000);
  await db.control((tx) => tx.query(`INSERT INTO workspace (id, name, created_at, updated_at) VALUES ('${ws}','w',now(),now())`)).catch(async () =>
    db.tx(ws, (tx) => tx.query(`INSERT INTO workspace (id, name, created_at, updated_at) VALUES ('${ws}','w',now(),now())`)));
  await db.tx(ws, async (tx) => {
    await insertDefaultNamespaces(tx, now);
    await tx.query(`SELECT ensure_partitions(current_date - 1, 3)`);
    await tx.query(`INSERT INTO ingest_head (workspace_id, head) VALUES ($1, $2)`, [ws, N]);
    for (let at = 1; at <= N; at += 100) {
      const items = Array.from({ length: 100 }, (_, i) => {
        const n = at + i; const u = Math.floor(Math.random() * 10000);
        const base = { messageId: `m${n}`, timestamp: new Date(Date.now() - Math.random() * 1e7).toISOString(), anonymousId: `a${u}`, context: { library: { name: 'analytics.js', version: '1' }, ip: '10.0.0.1', userAgent: 'Mozilla/5.0 whatever', page: { url: 'https://example.com/x', path: '/x' } } };
        if (n % 10 === 0) return { ...base, type: 'identify', userId: `u${u}`, traits: { email: `u${u}@example.com`, firstName: 'Ada', plan: n % 3 ? 'pro' : 'free', address: { city: 'Rome' } } };
        return { ...base, ...(n % 2 ? { userId: `u${u}` } : {}), type: 'track', event: 'Product Viewed', properties: { price: 12.34, sku: `s${n}`, category: 'shoes', nested: { a: 1 } } };
      });
      await tx.query(`INSERT INTO ingest_log (workspace_id, pos, count, received_at, source_id, payload) VALUES ($1,$2,100,$3,'src',$4)`, [ws, at, now, Buffer.from(JSON.stringify(items))]);
    }
  });
  const applier = new Applier(db, new LogReader(new IngestLog()), new BatchApplier(new IdentityResolver(), []), systemClock);
  const t0 = performance.now(); let slowest = 0; let turns = 0;
  for (;;) { const t = performance.now(); const n = await applier.turn(ws, 0); slowest = Math.max(slowest, performance.now() - t); if (!n) break; turns++; }
  const s = (performance.now() - t0) / 1000;
  console.log(`${N} in ${s.toFixed(2)} s = ${(N / s).toFixed(0)}/s, turns ${turns}, slowest ${slowest.toFixed(0)} ms`);
  console.log([...times].sort((a, b) => b[1][0] - a[1][0]).slice(0, 16).map(([k, [ms, n]]) => `${ms.toFixed(0)} ms ${n}x ${k}`).join('\n')); times.clear(); const cpu = process.cpuUsage(); 
  const loader = new Loader(db, new ClickHouseWriter(ch), systemClock);
  const t1 = performance.now(); let r; do { r = await loader.turn(ws); } while (r && r.rows);
  console.log([...times].sort((a, b) => b[1][0] - a[1][0]).slice(0, 8).map(([k, [ms, n]]) => `${ms.toFixed(0)} ms ${n}x ${k}`).join('\n'), process.cpuUsage(cpu));console.log('load s', (performance.now() - t1) / 1000, r);
  const q = async (query: string) => (await (await ch.query({ query, format: 'JSONEachRow' })).json());
  console.log(await q(`SELECT count() c, sum(numbers['price']) s FROM percorso.event WHERE workspace_id='${ws}'`), await q(`SELECT count() c FROM percorso.profile FINAL WHERE workspace_id='${ws}'`), await q(`SELECT count() c FROM percorso.node_person FINAL WHERE workspace_id='${ws}'`), await q(`SELECT * FROM percorso.event WHERE workspace_id='${ws}' LIMIT 1`), await q(`SELECT * FROM percorso.profile WHERE workspace_id='${ws}' and deleted=0 LIMIT 1`));
  console.log((await db.tx(ws, (tx) => tx.query('select * from ingest_head where workspace_id=$1', [ws]))).rows, (await db.tx(ws, (tx) => tx.query('select state, count(*) from profile group by 1'))).rows, (await db.tx(ws, (tx) => tx.query('select * from profile limit 1'))).rows);
  await db.close(); await ch.close(); await engines.stop();
}, 120000);
