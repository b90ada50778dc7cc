import type { Isolation } from './host/sandbox';

/** What the connector module needs from the configuration. */
export interface ConnectorOptions {
  /** Folders whose sub-folders are plugin packages. */
  pluginDirectories: string[];
  /** Made with mode 0600 when it is not there. */
  masterKeyFile: string;
  /** Where installed plugins are unpacked. @default a folder `plugins` beside the master key */
  installDirectory?: string;
  /** An npm-compatible registry. @default npm's own */
  pluginRegistry?: string;
  /** Whether packages from outside may run where the kernel cannot keep them from the network. @default false */
  advisoryPlugins?: boolean;
  /** `advisory` leaves the kernel's help aside even where there is some. @default the best there is */
  isolation?: Isolation;
  /** PEM certificates of authorities that plugins trust besides the public ones. */
  extraCaFile?: string;
  /** From fork to ready, in milliseconds. @default 15_000 */
  startMs?: number;
  /** Seconds without a call after which a plugin's process is stopped. @default 60 */
  idleSeconds?: number;
}
