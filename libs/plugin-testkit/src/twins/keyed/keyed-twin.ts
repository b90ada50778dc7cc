import { HttpTwin } from '../http/http-twin';
import { toArguments, TwinProcess } from '../twin-process';
import type { KeyedMessage } from './contract';

export interface KeyedTwinOptions {
  /** File of the append-only journal. */
  journal: string;
  apiKey: string;
  port?: number;
  controlPort?: number;
}

/** A message API that knows idempotency keys; its journal has each request it took, repeated ones too. */
export class KeyedTwin extends HttpTwin<KeyedMessage> {}

/** Starts it as a process of its own; it ends with this one. */
export async function startKeyedTwin(options: KeyedTwinOptions): Promise<KeyedTwin> {
  const { journal, apiKey, port, controlPort } = options;
  const args = toArguments({ journal, 'api-key': apiKey, port, 'control-port': controlPort });
  return new KeyedTwin(await TwinProcess.start('keyed', args));
}
