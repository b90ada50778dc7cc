/** What the connector module needs from the configuration. */
export interface ConnectorOptions {
  /** Folders whose sub-folders are plugin packages. */
  pluginDirectories: string[];
  /** Made with mode 0600 when it is not there. */
  masterKeyFile: string;
  /** PEM certificates of authorities that plugins trust besides the public ones. */
  extraCaFile?: string;
  /** Seconds without a call after which a plugin's process is stopped. @default 60 */
  idleSeconds?: number;
}
