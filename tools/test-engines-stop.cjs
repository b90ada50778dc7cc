module.exports = async () => globalThis.stopTestEngines?.();
