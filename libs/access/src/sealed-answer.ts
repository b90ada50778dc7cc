import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE = 12;
const TAG = 16;

/**
 * Answers kept for Idempotency-Key may hold a key that is shown once. They are sealed (AES-256-GCM) with a key drawn
 * from the caller's own secret, which is stored nowhere: only who made the request can read its answer again.
 */
export class AnswerSeal {
  private readonly key: Buffer;

  constructor(presented: string, context: string) {
    this.key = Buffer.from(hkdfSync('sha256', presented, context, 'idempotent-answer', 32));
  }

  seal(answer: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const sealed = Buffer.concat([cipher.update(answer, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  open(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, NONCE));
    decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]).toString('utf8');
  }
}
