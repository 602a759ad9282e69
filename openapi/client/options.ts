/**
 * This file lists the options of a client and of one call, with their defaults and the reasons for them.
 */
import { type Environment, hostEnvironment } from "./environment.ts";

/** Options of `createClient`. */
export type ClientOptions = {
  /** Base URLs of the nodes, e.g. `http://10.0.0.1:7001`; at least one. A path before `/v1` is kept. */
  readonly endpoints: readonly string[];
  /** Milliseconds from call to result, all repeats included. Default 10,000: longer than any election. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that one node may take before the next one is asked. Default 3,000. */
  readonly attemptTimeoutMs?: number;
  readonly retry?: Partial<RetryOptions>;
  /** Sent with every request, e.g. for a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends all calls, watches and holds of this client, as `close` does. */
  readonly signal?: AbortSignal;
  /** For tests: clock, randomness, fetch, sockets. */
  readonly environment?: Partial<Environment>;
};

/** How a call is repeated. Delays are milliseconds. */
export type RetryOptions = {
  /** The first pause is random between 0 and this; it doubles with every repeat. Default 50. */
  readonly delayMsMin: number;
  /** The longest pause. Default 1,000. */
  readonly delayMsMax: number;
  /** Requests sent for one call at most. Default 50; the deadline usually comes first. */
  readonly attemptsMax: number;
};

/** Options of every call. */
export type CallOptions = {
  /** Instead of the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** Options of every read. */
export type ReadOptions = CallOptions & {
  /** `linearizable` (the default) sees every write that was acknowledged before; `stale` reads what the asked node has. */
  readonly consistency?: "linearizable" | "stale";
  /** Wait until the asked node has reached this revision. */
  readonly minRevision?: number;
};

/** Options of every mutation. */
export type WriteOptions = CallOptions & {
  /**
   * The id of the request; default a new UUID. The same id with the same arguments gives the same answer, as long as the nodes
   * remember it: 24 hours, but only through the next 100,000 requests. Requests without an id of their own have no such limit.
   */
  readonly requestId?: string;
};

/** The client's options with defaults filled in. */
export type Settings = {
  readonly endpoints: readonly string[];
  readonly requestTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly retry: RetryOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly environment: Environment;
};

/** Fills in defaults. Throws TypeError when there is no endpoint, or one is not an HTTP(S) URL. */
export function toSettings(options: ClientOptions): Settings {
  if (options.endpoints.length === 0) throw new TypeError("endpoints is empty");
  return {
    endpoints: options.endpoints.map(toBaseUrl),
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 3_000,
    retry: { delayMsMin: 50, delayMsMax: 1_000, attemptsMax: 50, ...options.retry },
    headers: options.headers ?? {},
    environment: { ...hostEnvironment, ...options.environment },
  };
}

function toBaseUrl(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new TypeError(`endpoint ${endpoint} is not a http(s) URL`);
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** A copy of `fields` without those that are undefined. */
export function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}
