const { accepted, capability, definePlugin, Setting } = require('@percorso/plugin-kit');
const { IsUrl } = require('class-validator');

class SinkSettings {}
// What the decorators of a TypeScript plugin do.
Reflect.defineMetadata('design:type', String, SinkSettings.prototype, 'url');
for (const decorate of [Setting(), IsUrl({ require_tld: false })]) decorate(SinkSettings.prototype, 'url');

module.exports = definePlugin({
  settings: SinkSettings,
  check: async () => undefined,
  upsert: capability(
    async ([item], ctx) => {
      await ctx.http.post(ctx.settings.url, item.payload, { headers: { 'idempotency-key': item.key } });
      return [accepted()];
    },
    { idempotency: 'upsert', batch: 1, perSecond: 1_000_000 },
  ),
});
