const { capability, definePlugin } = require('@percorso/plugin-kit');
const { settings, check, upsert } = require('@percorso/plugin-campaign-adobe-classic').default;

const { deliver, ...options } = upsert;

module.exports = definePlugin({
  settings,
  check,
  upsert: capability(deliver, { ...options, perSecond: 1_000_000 }),
});
