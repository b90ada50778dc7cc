/** The twin's control surface refused or failed. */
export class TwinControlError extends Error {
  override readonly name = 'TwinControlError';
}

/** Typed JSON over the control surface of a twin. */
export class ControlClient {
  constructor(readonly controlUrl: string) {}

  async get<T>(path: string): Promise<T> {
    return (await (await this.call('GET', path)).json()) as T;
  }

  async lines<T>(path: string): Promise<T[]> {
    const text = await (await this.call('GET', path)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await this.call('POST', path, body);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async delete(path: string): Promise<void> {
    await this.call('DELETE', path);
  }

  private async call(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${this.controlUrl}/_twin/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new TwinControlError(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
