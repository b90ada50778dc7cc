import axios, { AxiosInstance, AxiosRequestConfig } from 'axios';

/** A request the hub refused, in the hub's own words. */
export class HubRefused extends Error {
  constructor(
    readonly status: number,
    readonly problem: { code?: string; title?: string; detail?: string; errors?: unknown },
    request: string,
  ) {
    super(
      `${request}: ${status} ${problem.code ?? ''} ${problem.detail ?? problem.title ?? ''} ${JSON.stringify(problem.errors ?? [])}`,
    );
    this.name = 'HubRefused';
  }
}

/** The hub's REST API with one key. */
export class HubApi {
  private readonly http: AxiosInstance;

  constructor(
    readonly url: string,
    readonly key: string,
  ) {
    this.http = axios.create({
      baseURL: url,
      headers: { authorization: `Bearer ${key}` },
      validateStatus: () => true,
      proxy: false,
      timeout: 60_000,
    });
  }

  get<T>(path: string, options?: AxiosRequestConfig): Promise<T> {
    return this.request<T>({ ...options, method: 'GET', url: path });
  }

  post<T>(path: string, data: object = {}, options?: AxiosRequestConfig): Promise<T> {
    return this.request<T>({ ...options, method: 'POST', url: path, data });
  }

  private async request<T>(config: AxiosRequestConfig): Promise<T> {
    const { status, data } = await this.http.request<T>(config);
    if (status >= 200 && status < 300) return data;
    throw new HubRefused(status, (data ?? {}) as object, `${config.method} ${config.url}`);
  }
}

/** Ask until `ready` says yes; the answer it said yes to. */
export async function poll<T>(
  ask: () => Promise<T>,
  ready: (answer: T) => boolean,
  { timeoutMs = 120_000, everyMs = 200, what = 'the hub' } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (ready(answer)) return answer;
    if (Date.now() > deadline) {
      throw new TimedOut(
        `${what} was not ready within ${timeoutMs / 1000} s: ${JSON.stringify(answer).slice(0, 300)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Something the story waits for did not happen in time; the message holds the last answer. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}
