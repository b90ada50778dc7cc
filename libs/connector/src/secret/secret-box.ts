import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Problem } from '@percorso/kernel';
import type { MasterKeys } from './master-keys';

/** A secret as it is stored; every part but the key id in base64. */
export interface Sealed {
  keyId: string;
  nonce: string;
  tag: string;
  data: string;
}

/** Where a secret lives. A value moved elsewhere does not open. */
export interface SecretPlace {
  workspaceId: string;
  table: string;
  row: string;
  column: string;
}

/** AES-256-GCM under the master keys. */
export class SecretBox {
  constructor(private readonly master: MasterKeys) {}

  seal(text: string, place: SecretPlace): Sealed {
    const keyId = this.master.current;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key(keyId), nonce).setAAD(aad(place));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return {
      keyId,
      nonce: nonce.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      data: data.toString('base64'),
    };
  }

  /** @throws Problem when the key is gone, or the value was changed or moved. */
  open(sealed: Sealed, place: SecretPlace): string {
    const key = this.key(sealed.keyId);
    try {
      const nonce = Buffer.from(sealed.nonce, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
        .setAAD(aad(place))
        .setAuthTag(Buffer.from(sealed.tag, 'base64'));
      return Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString(
        'utf8',
      );
    } catch (error) {
      throw unreadable('A stored secret does not open: it was changed or moved.', error);
    }
  }

  /** Whether the value is still sealed with a key that is not the current one. */
  isStale(sealed: Sealed): boolean {
    return sealed.keyId !== this.master.current;
  }

  private key(id: string): Buffer {
    const key = this.master.keys.get(id);
    if (!key) throw unreadable(`The master key ${id} is not in the key file.`);
    return key;
  }
}

function aad(place: SecretPlace): Buffer {
  return Buffer.from([place.workspaceId, place.table, place.row, place.column].join('|'), 'utf8');
}

function unreadable(detail: string, cause?: unknown): Problem {
  return new Problem({
    status: 500,
    code: 'secret-unreadable',
    title: 'A secret cannot be read',
    detail,
    cause,
  });
}
