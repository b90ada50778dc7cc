import { SmtpSession } from './session';

const MAX_SESSIONS = 5;
const MAX_SENT = 100;

/** Keeps a few sessions open; a session serves one sender at a time and is replaced after so many messages. */
export class SmtpPool {
  private readonly free: SmtpSession[] = [];
  private readonly queue: (() => void)[] = [];
  private busy = 0;

  constructor(private readonly open: () => Promise<SmtpSession>) {}

  async use<T>(work: (session: SmtpSession) => Promise<T>): Promise<T> {
    if (this.busy >= MAX_SESSIONS) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.busy += 1;
    try {
      const session = this.take() ?? (await this.open());
      try {
        return await work(session);
      } finally {
        if (session.usable && session.sent < MAX_SENT) this.free.push(session);
        else session.close();
      }
    } finally {
      this.busy -= 1;
      this.queue.shift()?.();
    }
  }

  close(): void {
    this.free.splice(0).forEach((session) => session.close());
  }

  private take(): SmtpSession | undefined {
    for (let session = this.free.pop(); session; session = this.free.pop()) {
      if (session.usable) return session;
    }
    return undefined;
  }
}
