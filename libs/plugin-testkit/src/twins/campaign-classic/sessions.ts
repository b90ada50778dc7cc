import { randomBytes, randomUUID } from 'node:crypto';

export interface Session {
  sessionToken: string;
  securityToken: string;
}

/** Sessions and access tokens; they live in memory only, so a restart ends them, as it does in the original. */
export class Sessions {
  private readonly sessions = new Map<string, { securityToken: string; until: number }>();
  private readonly accessTokens = new Map<string, number>();
  private readonly fixedBearers: ReadonlySet<string>;
  logons = 0;

  constructor(
    private readonly lifeMs: number,
    bearers: readonly string[],
  ) {
    this.fixedBearers = new Set(bearers);
  }

  open(now: Date): Session {
    const sessionToken = `___${randomUUID().toUpperCase()}`;
    const securityToken = `@${randomBytes(48).toString('base64url')}==`;
    this.sessions.set(sessionToken, { securityToken, until: now.getTime() + this.lifeMs });
    this.logons += 1;
    return { sessionToken, securityToken };
  }

  isOpen(sessionToken: string, securityToken: string, now: Date): boolean {
    const session = this.sessions.get(sessionToken);
    return session !== undefined && session.securityToken === securityToken && now.getTime() < session.until;
  }

  close(sessionToken: string): void {
    this.sessions.delete(sessionToken);
  }

  openCount(now: Date): number {
    return [...this.sessions.values()].filter((session) => now.getTime() < session.until).length;
  }

  issueAccessToken(now: Date): string {
    const token = randomBytes(24).toString('base64url');
    this.accessTokens.set(token, now.getTime() + this.lifeMs);
    return token;
  }

  acceptsBearer(token: string, now: Date): boolean {
    return this.fixedBearers.has(token) || now.getTime() < (this.accessTokens.get(token) ?? 0);
  }

  expireAll(): void {
    this.sessions.clear();
    this.accessTokens.clear();
  }
}
