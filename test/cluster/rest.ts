/**
 * This file speaks plain REST to one node at a time, and moves on to the next when a node does not answer.
 */
import { setTimeout as delay } from "node:timers/promises";
import { at } from "../../src/base/at.ts";

/** The answer of a node, with the headers that tests look at. */
export type Reply = {
  readonly status: number;
  readonly etag: string | null;
  readonly revision: number;
  readonly servedBy: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};

/** One request. */
export type Call = {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Default 3000. */
  readonly timeoutMs?: number;
};

/** One request to one node; undefined when no whole answer came (so a write may or may not have happened). */
export async function call(
  baseUrl: string,
  { method = "GET", path, headers = {}, json, timeoutMs = 3000 }: Call,
): Promise<Reply | undefined> {
  try {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: json === undefined ? headers : { "content-type": "application/json", ...headers },
      signal: AbortSignal.timeout(timeoutMs),
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      etag: response.headers.get("etag"),
      revision: Number(response.headers.get("keyhold-revision")),
      servedBy: response.headers.get("keyhold-served-by"),
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  } catch {
    return undefined;
  }
}

/** Keeps to one node while it answers; afterwards the next. */
export class RotatingCaller {
  readonly #urls: readonly string[];
  #index: number;

  constructor(urls: readonly string[], first: number) {
    this.#urls = urls;
    this.#index = first;
  }

  get url(): string {
    return at(this.#urls, this.#index % this.#urls.length);
  }

  /** One attempt; undefined, and another node the next time, when no answer came or a node said that it cannot (503, 504). */
  async once(request: Call): Promise<Reply | undefined> {
    const reply = await call(this.url, request);
    if (reply !== undefined && reply.status !== 503 && reply.status !== 504) return reply;
    this.#index += 1;
    return undefined;
  }

  /** Repeats on one node after the other until an answer comes; only for requests that may be repeated. */
  async repeat(request: Call, withinMs = 10_000): Promise<Reply> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const reply = await this.once(request);
      if (reply !== undefined) return reply;
      if (performance.now() > deadline)
        throw new Error(`${request.method ?? "GET"} ${request.path}: no answer within ${withinMs} ms`);
      // A node that has just died refuses at once; asking again at once would only burn the processor.
      await delay(10);
    }
  }
}
