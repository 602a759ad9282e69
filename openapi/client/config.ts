/**
 * This file is the config part of the client: versioned values with compare-and-set.
 */
import type * as wire from "../generated/types.ts";
import { pause } from "./environment.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import { callMsOf, present, type ReadOptions, type WriteOptions } from "./options.ts";
import { err, ok, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";
import { type ConfigEntry, type ConfigItem, decodeEntry, decodeItem, encodeComment, encodeValue } from "./value.ts";

/** What must be true of the key at the moment of the write; `revision` is its modRevision. */
export type Expectation = "absent" | "exists" | { readonly revision: number };

/** Options of `config.put`. */
export type PutOptions = WriteOptions & {
  readonly expect?: Expectation;
  /** Default `application/json`, or `application/octet-stream` for a Uint8Array. */
  readonly contentType?: string;
  /** The key is deleted when this lease ends. */
  readonly leaseId?: string;
  /** A comment for the history, at most 1,024 bytes. */
  readonly comment?: string;
};

/** Options of `config.update`. */
export type UpdateOptions = Omit<PutOptions, "expect" | "requestId"> & {
  /** How often it reads, computes and writes at most. Default 16. */
  readonly roundsMax?: number;
};

/** Options of `config.list`. */
export type ListOptions = ReadOptions & {
  readonly prefix?: string;
  /** Items of a page at most; default 100. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly cursor?: string;
  readonly keysOnly?: boolean;
};

/**
 * One page of a list; all pages show the store at `revision`. A page before the last may have few items, or none: only `cursor`
 * says whether there are more, and is null on the last one.
 */
export type ConfigPage = { readonly items: readonly ConfigItem[]; readonly cursor: string | null; readonly revision: number };

type GetError = ProblemOf<"getConfig"> | ClientError;
type PutError = ProblemOf<"putConfig"> | ClientError;

/**
 * Versioned values with compare-and-set.
 *
 * @example
 * ```ts
 * const written = await client.config.put("payments/pool", { size: 20 }, { expect: "absent" });
 * if (!written.ok && written.error.code === "revision_mismatch") console.log("exists at", written.error.actual);
 * await client.config.update("payments/pool", (current) => ({ ...(current?.value as object), size: 24 }));
 * for (let cursor: string | null = "", first = true; first || cursor !== null; first = false) {
 *   const page = await client.config.list({ prefix: "payments/", ...(first ? {} : { cursor: cursor ?? "" }) });
 *   if (!page.ok) break;
 *   for (const item of page.value.items) console.log(item.key);
 *   cursor = page.value.cursor;
 * }
 * ```
 */
export type ConfigClient = {
  /** The newest version, or the one at `revision`. A missing key is `key_not_found`. */
  readonly get: (key: string, options?: ReadOptions & { readonly revision?: number }) => Promise<Result<ConfigEntry, GetError>>;
  /** Settles once the value is on the disks of a majority, or with the reason why it is not. */
  readonly put: (key: string, value: unknown, options?: PutOptions) => Promise<Result<wire.ConfigWritten, PutError>>;
  readonly delete: (
    key: string,
    options?: WriteOptions & { readonly expect?: Exclude<Expectation, "absent"> },
  ) => Promise<Result<wire.ConfigDeleted, ProblemOf<"deleteConfig"> | ClientError>>;
  readonly list: (options?: ListOptions) => Promise<Result<ConfigPage, ProblemOf<"listConfig"> | ClientError>>;
  /**
   * Reads the key, calls `compute` for the new value (with null if the key does not exist) and writes it only if nobody else wrote
   * meanwhile; otherwise it begins again, after a pause. The content type and the lease of the key are kept. `revision_mismatch`
   * is returned after `roundsMax` rounds. An error of `compute` is thrown.
   */
  readonly update: (
    key: string,
    compute: (current: ConfigEntry | null) => unknown,
    options?: UpdateOptions,
  ) => Promise<Result<wire.ConfigWritten, GetError | PutError>>;
};

/** Makes the config part of a client. */
export function createConfigClient(transport: Transport): ConfigClient {
  const { rest } = transport;

  const get: ConfigClient["get"] = async (key, options = {}) => {
    const query = present({ revision: options.revision, consistency: options.consistency, minRevision: options.minRevision });
    const reply = await transport.call({
      operation: "getConfig",
      send: (target) => rest.GET("/v1/config/{key}", { ...target, params: { path: { key }, query } }),
      mutates: false,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    return reply.ok ? ok(decodeEntry(reply.value.data)) : reply;
  };

  const put: ConfigClient["put"] = async (key, value, options = {}) => {
    const { bytes, contentType } = encodeValue(value, options.contentType);
    const header = present({
      ...conditionHeaders(options.expect),
      "Keyhold-Comment": options.comment === undefined ? undefined : encodeComment(options.comment),
    });
    const query = present({ lease: options.leaseId });
    const reply = await transport.call({
      operation: "putConfig",
      send: (target) =>
        rest.PUT("/v1/config/{key}", {
          ...target,
          params: { path: { key }, query, header },
          headers: { ...target.headers, "content-type": contentType },
          body: bytes,
          bodySerializer: () => bytes as string,
        }),
      mutates: true,
      name: transport.nameRequest(options),
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    return reply.ok ? ok(reply.value.data) : reply;
  };

  const remove: ConfigClient["delete"] = async (key, options = {}) => {
    const header = present({ "If-Match": conditionHeaders(options.expect)["If-Match"] });
    const reply = await transport.call({
      operation: "deleteConfig",
      send: (target) => rest.DELETE("/v1/config/{key}", { ...target, params: { path: { key }, header } }),
      mutates: true,
      name: transport.nameRequest(options),
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    return reply.ok ? ok(reply.value.data) : reply;
  };

  const list: ConfigClient["list"] = async (options = {}) => {
    const { timeoutMs, signal, ...query } = options;
    const reply = await transport.call({
      operation: "listConfig",
      send: (target) => rest.GET("/v1/config", { ...target, params: { query: present(query) } }),
      mutates: false,
      timeoutMs,
      signal,
    });
    return reply.ok ? ok({ ...reply.value.data, items: reply.value.data.items.map(decodeItem) }) : reply;
  };

  return { get, put, delete: remove, list, update: createUpdate(transport, get, put) };
}

function createUpdate(transport: Transport, get: ConfigClient["get"], put: ConfigClient["put"]): ConfigClient["update"] {
  return async (key, compute, options = {}) => {
    const { roundsMax = 16, ...rest } = options;
    const { clock } = transport.settings.environment;
    const deadlineMs = clock.monotonicMs() + callMsOf(transport.settings, options.timeoutMs);
    // Computed for each call: the write has only the time that the read left.
    const callOptions = () => present({ signal: options.signal, timeoutMs: Math.max(1, deadlineMs - clock.monotonicMs()) });
    for (let round = 0; ; round++) {
      const read = await get(key, callOptions());
      if (!read.ok && read.error.code !== "key_not_found") return err(read.error);
      const current = read.ok ? read.value : null;
      const value = await compute(current);
      const written = await put(key, value, {
        ...keptOptions(current, value),
        ...rest,
        ...callOptions(),
        expect: toExpectation(current),
      });
      if (written.ok || written.error.code !== "revision_mismatch" || round + 1 >= roundsMax) return written;
      const pauseMs = transport.backoffMs(round);
      if (clock.monotonicMs() + pauseMs >= deadlineMs) return written;
      await pause(clock, pauseMs, options.signal ?? transport.closed);
    }
  };
}

function toExpectation(current: ConfigEntry | null): Expectation {
  return current === null ? "absent" : { revision: current.modRevision };
}

/** A key keeps its lease, and its content type as long as the new value fits it. */
function keptOptions(current: ConfigEntry | null, value: unknown): PutOptions {
  if (current === null) return {};
  const sameForm = typeof value === typeof current.value && value instanceof Uint8Array === current.value instanceof Uint8Array;
  return present({ leaseId: current.leaseId ?? undefined, contentType: sameForm ? current.contentType : undefined });
}

function conditionHeaders(expect: Expectation | undefined): { readonly "If-Match"?: string; readonly "If-None-Match"?: "*" } {
  if (expect === undefined) return {};
  if (expect === "absent") return { "If-None-Match": "*" };
  return { "If-Match": expect === "exists" ? "*" : `"${expect.revision}"` };
}
