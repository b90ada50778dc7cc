/** Bytes of requests held in memory until their commit: what bounds the server's memory under pressure. */
export class ByteBudget {
  private used = 0;

  constructor(readonly limit: number) {}

  get waiting(): number {
    return this.used;
  }

  get full(): boolean {
    return this.used >= this.limit;
  }

  /** Whether `bytes` still fit; if so they count until given back. A lone request always fits. */
  take(bytes: number): boolean {
    if (this.used > 0 && this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}
