/** Injection token of ExportOptions. */
export const EXPORT_OPTIONS = Symbol('ExportOptions');

export interface ExportOptions {
  /** Base of the links handed out, such as https://hub.example.org; by default what the request was sent to. */
  publicUrl?: string;
}
