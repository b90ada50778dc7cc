import type { Socket } from 'node:net';
import { NotConnected, type Connect } from '@percorso/plugin-kit';
import type { FromChild, ToChild } from '../messages';

type Waiting = { resolve: (socket: Socket) => void; reject: (error: Error) => void };

/** Connections of this process: asked of the host over IPC, received as open sockets. */
export class BrokeredConnections {
  private next = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly send: (message: FromChild) => void) {}

  for(connector: string): Connect {
    return (host, port) =>
      new Promise((resolve, reject) => {
        const id = ++this.next;
        this.waiting.set(id, { resolve, reject });
        this.send({ type: 'connect', id, connector, host, port });
      });
  }

  receive(message: Extract<ToChild, { type: 'socket' }>, socket: Socket | undefined): void {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (!waiting) socket?.destroy();
    else if (socket) {
      // A connection may fail after its last user let go of it; that must not end the process.
      socket.on('error', () => undefined);
      waiting.resolve(socket);
    } else {
      const { code, message: text } = message.error ?? {
        code: 'lost',
        message: 'The connection ended at once.',
      };
      waiting.reject(new NotConnected(code, text));
    }
  }
}
