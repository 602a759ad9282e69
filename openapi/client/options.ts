/**
 * This file lists the options of a client and of one call, with their defaults and the reasons for them.
 */
import { type Environment, hostEnvironment } from "./environment.ts";

/** Options of `createClient`. */
export type ClientOptions = {
  /** Base URLs of the nodes, e.g. `http://10.0.0.1:7001`; at least one. A path before `/v1` is kept. */
  readonly endpoints: readonly string[];
  /** Milliseconds, 1 to 86,400,000, from call to result, all repeats included. Default 10,000: longer than any election. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds, 1 to 86,400,000, that one node may take before the next one is asked. Default 3,000. */
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
  /** Instead of the client's `requestTimeoutMs`; 0 to 86,400,000, else the call rejects with a TypeError. */
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

/** A day, in milliseconds: the longest time that any option takes. Timers of a host end at 25 days, or fire at once. */
export const timeMsMax = 86_400_000;

/** `value`. Throws TypeError when it is not a number from `min` to `max`; not a number at all is neither. */
export function checkedOption(name: string, value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  if (value >= min && value <= max) return value;
  throw new TypeError(`${name} is ${value}: it must be a number from ${min} to ${max}`);
}

/** The milliseconds that a call has, by its own option or the client's. Throws TypeError when they are out of bounds. */
export function callMsOf(settings: Settings, timeoutMs: number | undefined): number {
  return checkedOption("timeoutMs", timeoutMs ?? settings.requestTimeoutMs, { min: 0, max: timeMsMax });
}

/** Fills in defaults. Throws TypeError when there is no endpoint, one is not an HTTP(S) URL, or a number is out of its bounds. */
export function toSettings(options: ClientOptions): Settings {
  if (options.endpoints.length === 0) throw new TypeError("endpoints is empty");
  const time = { min: 1, max: timeMsMax };
  const retry = { delayMsMin: 50, delayMsMax: 1_000, attemptsMax: 50, ...options.retry };
  return {
    endpoints: options.endpoints.map(toBaseUrl),
    requestTimeoutMs: checkedOption("requestTimeoutMs", options.requestTimeoutMs ?? 10_000, time),
    attemptTimeoutMs: checkedOption("attemptTimeoutMs", options.attemptTimeoutMs ?? 3_000, time),
    retry: {
      delayMsMin: checkedOption("retry.delayMsMin", retry.delayMsMin, { ...time, min: 0 }),
      delayMsMax: checkedOption("retry.delayMsMax", retry.delayMsMax, { ...time, min: 0 }),
      attemptsMax: checkedOption("retry.attemptsMax", retry.attemptsMax, { min: 1, max: Number.POSITIVE_INFINITY }),
    },
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
