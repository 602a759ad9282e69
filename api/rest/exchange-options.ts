/**
 * This file turns the parameters that many operations share into options of the service: how to read, how to write,
 * where a list continues.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { assert } from "../../src/base/assert.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import {
  type ReadOptions,
  type ServiceError,
  type StorePosition,
  toLogIndex,
  toRevision,
  type WriteOptions,
} from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { type Problem, serviceProblem } from "../contract/problem.ts";
import type { Reply } from "../contract/reply.ts";
import { timeLimitOf } from "../time-limit.ts";
import { jsonHeaders } from "./respond.ts";

type ReadQuery = { readonly consistency?: "linearizable" | "stale"; readonly minRevision?: number };

/** What the document gives a default, which the check of the request filled in. */
export function defaulted<Value>(value: Value | undefined): Value {
  assert(value !== undefined, "the document gives this field a default, and it has no value");
  return value;
}

/** How many items a page has at most. */
export function pageLimitOf(query: { readonly limit?: number }): number {
  return defaulted(query.limit);
}

type Asked = { readonly request: Pick<IncomingMessage, "headers"> };

/** The service's options of a read, from its query, and from how long its client waits; nothing is read for a client that has left. */
export function readOptionsOf(
  { query, request, response }: Asked & { readonly query: ReadQuery; readonly response: ServerResponse },
  context: ApiContext,
): ReadOptions {
  return {
    consistency: query.consistency ?? "linearizable",
    minRevision: query.minRevision === undefined ? null : toRevision(query.minRevision),
    timeoutMs: timeLimitOf(request, context.limits),
    isWanted: () => !response.destroyed,
  };
}

/** The flat headers of an answered read; a stale read also has its staleness. */
export function readHeaders(options: ReadOptions, context: ApiContext): readonly string[] {
  const consistency = ["Keyhold-Consistency", options.consistency];
  if (options.consistency === "linearizable") return consistency;
  const { stalenessMs } = context.service.position();
  return stalenessMs === null ? consistency : [...consistency, "Keyhold-Staleness-Ms", String(stalenessMs)];
}

type WriteHeaders = { readonly "Idempotency-Key"?: string; readonly "Keyhold-Request-Since"?: string };

/** The service's options of a write, from its headers. */
export function writeOptionsOf(
  { headers, request }: Asked & { readonly headers: WriteHeaders },
  context: ApiContext,
): WriteOptions {
  const since = headers["Keyhold-Request-Since"];
  return {
    requestId: headers["Idempotency-Key"] ?? null,
    since: since === undefined ? null : readPosition(since),
    timeoutMs: timeLimitOf(request, context.limits),
  };
}

/** Parses a store's id, a dot, an index; the document's pattern has checked `text`. */
function readPosition(text: string): StorePosition {
  const dot = text.lastIndexOf(".");
  return { storeId: text.slice(0, dot), index: toLogIndex(Number(text.slice(dot + 1))) };
}

/** An error of the service as a failed answer. */
export function refuse(error: ServiceError, context: ApiContext): Result<never, Problem> {
  return err(serviceProblem(error, context.service.position().revision));
}

/** A JSON answer from JSON text. */
export function jsonText(
  json: string,
  options: { readonly status?: number; readonly headers?: readonly string[] } = {},
): Result<Reply, never> {
  return ok({ status: options.status ?? 200, headers: [...jsonHeaders, ...(options.headers ?? [])], body: json });
}

/** A JSON answer from a value. */
export function json(
  body: object,
  options: { readonly status?: number; readonly headers?: readonly string[] } = {},
): Result<Reply, never> {
  return jsonText(JSON.stringify(body), options);
}
