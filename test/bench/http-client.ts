/**
 * This file is the cheapest honest HTTP client that Node offers: keep-alive connections of node:http, nothing parsed that
 * is not needed.
 */
import { Agent, request as httpRequest } from "node:http";

/** The status and body of an answer. */
export type Answer = { readonly status: number; readonly body: string };
/** One request. */
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One node's connections; `close` ends them. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #host: string;
  readonly #port: number;

  constructor(baseUrl: string, connectionsMax: number) {
    const url = new URL(baseUrl);
    this.#host = url.hostname;
    this.#port = Number(url.port);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax, noDelay: true });
  }

  /** The whole answer; rejects when the connection fails or nothing comes for `timeoutMs`. */
  send({ method, path, body, headers: more }: Call, timeoutMs = 60_000): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> =
        body === undefined
          ? { ...more }
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...more };
      const request = httpRequest(
        { host: this.#host, port: this.#port, method, path, headers, agent: this.#agent },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
          response.on("error", reject);
        },
      );
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on("error", reject);
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
