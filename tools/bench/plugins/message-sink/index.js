const { accepted, capability, definePlugin, Setting } = require('@percorso/plugin-kit');
const { IsUrl } = require('class-validator');

class SinkSettings {}
// What the decorators of a TypeScript plugin do.
Reflect.defineMetadata('design:type', String, SinkSettings.prototype, 'url');
for (const decorate of [Setting(), IsUrl({ require_tld: false })]) decorate(SinkSettings.prototype, 'url');

module.exports = definePlugin({
  settings: SinkSettings,
  check: async () => undefined,
  send: capability(
    async (items, ctx) => {
      await ctx.http.post(
        ctx.settings.url,
        items.map(({ payload }) => payload),
      );
      return items.map(() => accepted());
    },
    { idempotency: 'none', batch: 100, perSecond: 1_000_000 },
  ),
});
