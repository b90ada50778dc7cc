export { ConnectorModule } from './connector.module';
export type { ConnectorOptions } from './connector-options';
export { ConnectorService } from './connector.service';
export {
  ConnectorRuntime,
  type CheckAnswer,
  type ConnectorDescription,
  type Delivered,
  type Wire,
} from './runtime/connector-runtime';
export { PluginCatalog } from './plugin/plugin-catalog';
export { PluginRegistry } from './plugin/plugin-registry';
export {
  readPlugin,
  scanPlugins,
  type InstalledPlugin,
  type UnusablePlugin,
} from './plugin/installed-plugin';
export { PluginHost, type ConnectorHandle, type PluginHostOptions } from './host/plugin-host';
export { PluginHosts } from './host/plugin-hosts';
export { HostFailure, type HostFailureCode } from './host/host-failure';
export { egressRules, type EgressRule } from './host/egress';
export { loadMasterKeys, type MasterKeys } from './secret/master-keys';
export { SecretBox, type Sealed, type SecretPlace } from './secret/secret-box';
export { inHost, type HostRun } from './host/host-run';
