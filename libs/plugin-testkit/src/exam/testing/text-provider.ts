import { HttpProvider, type Call, type Reply } from '../../twins';

/** A provider of text messages with idempotency keys, small enough to judge the exam by. */
export class TextProvider extends HttpProvider {
  readonly texts: { to: string }[] = [];
  private readonly keys = new Set<string>();

  constructor() {
    super((call) => this.reply(call));
  }

  private reply({ method, headers, body }: Call): Reply {
    if (headers['authorization'] !== 'Bearer secret-key') return { status: 401 };
    if (method === 'GET') return { status: 200 };
    const text = JSON.parse(body) as { to: string };
    if (text.to === 'nobody') return { status: 422 };
    const key = String(headers['idempotency-key']);
    return {
      status: 201,
      json: { id: `t-${key}` },
      accept: () => {
        if (!this.keys.has(key)) this.texts.push(text);
        this.keys.add(key);
      },
    };
  }
}
