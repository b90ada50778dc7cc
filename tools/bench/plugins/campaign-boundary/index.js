// Posts each batch as one request, and takes from the answer how many of it arrived.
const { accepted, capability, definePlugin, Setting } = require('@percorso/plugin-kit');

class Settings {}
Setting()(Settings.prototype, 'url');

async function post(items, { http, settings }) {
  const { data } = await http.post(
    settings.url,
    items.map(({ payload }) => payload),
  );
  if (data.arrived !== items.length) throw new Error('some did not arrive');
  return items.map(({ key }) => accepted(key));
}

exports.default = definePlugin({
  settings: Settings,
  check: async () => undefined,
  upsert: capability(post, { idempotency: 'upsert', batch: 1000, perSecond: 1_000_000 }),
});
