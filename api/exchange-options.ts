/**
 * This file turns the parameters that many operations share into what the service takes: how to read, how to write,
 * where a list goes on.
 */
import { randomUUID } from "node:crypto";
import { err, ok, type Result } from "../src/base/result.ts";
import { type ReadOptions, type Revision, type ServiceError, toRevision, type WriteOptions } from "../src/node/service.ts";
import type { ApiContext } from "./context.ts";
import { invalidRequest, type Problem, serviceProblem } from "./problem.ts";
import { jsonHeaders, type Reply } from "./respond.ts";

type ReadQuery = { readonly consistency?: "linearizable" | "stale"; readonly minRevision?: number };

/** How a read is to be done, from its query. */
export function readOptionsOf(query: ReadQuery, context: ApiContext): ReadOptions {
  return {
    consistency: query.consistency ?? "linearizable",
    minRevision: query.minRevision === undefined ? null : toRevision(query.minRevision),
    timeoutMs: context.limits.requestTimeoutMs,
  };
}

/** The flat headers of an answered read; a stale one says how stale. */
export function readHeaders(options: ReadOptions, context: ApiContext): readonly string[] {
  const consistency = ["Keyhold-Consistency", options.consistency];
  if (options.consistency === "linearizable") return consistency;
  const { stalenessMs } = context.service.position();
  return stalenessMs === null ? consistency : [...consistency, "Keyhold-Staleness-Ms", String(stalenessMs)];
}

type WriteHeaders = { readonly "Idempotency-Key"?: string };

/** How a write is to be done, from its headers. */
export function writeOptionsOf(headers: WriteHeaders, context: ApiContext): WriteOptions {
  return { requestId: headers["Idempotency-Key"] ?? null, timeoutMs: context.limits.requestTimeoutMs };
}

/** A name for a request that came without one. */
export function generateRequestId(): string {
  return randomUUID();
}

/** A refusal of the service as a refusal of the request. */
export function refuse(error: ServiceError, context: ApiContext): Result<never, Problem> {
  return err(serviceProblem(error, context.service.position().revision));
}

/** A JSON answer; `json` is text already. */
export function jsonText(
  json: string,
  options: { readonly status?: number; readonly headers?: readonly string[] } = {},
): Result<Reply, never> {
  return ok({ status: options.status ?? 200, headers: [...jsonHeaders, ...(options.headers ?? [])], body: json });
}

/** A JSON answer. */
export function json(
  body: object,
  options: { readonly status?: number; readonly headers?: readonly string[] } = {},
): Result<Reply, never> {
  return jsonText(JSON.stringify(body), options);
}

/** Where a list goes on: after `after`, at `revision` when all pages are read at one. */
export type Cursor = { readonly after: string; readonly revision: Revision | null };

/** `list` names the operation, so that a cursor of another list is refused instead of obeyed. */
export function encodeCursor(list: string, cursor: Cursor): string {
  return Buffer.from(JSON.stringify([list, cursor.after, cursor.revision])).toString("base64url");
}

/** What `encodeCursor` was given; null when the request has no cursor. */
export function decodeCursor(list: string, text: string | undefined): Result<Cursor | null, Problem> {
  if (text === undefined) return ok(null);
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (Array.isArray(decoded) && decoded.length === 3) {
      const [of, after, revision] = decoded as unknown[];
      const revisionFits = revision === null || (typeof revision === "number" && Number.isSafeInteger(revision) && revision >= 0);
      if (of === list && typeof after === "string" && after.length <= 480 && revisionFits) {
        return ok({ after, revision: revision === null ? null : toRevision(revision as number) });
      }
    }
  } catch {
    // Not JSON: said below.
  }
  return err(invalidRequest("The cursor is not one that this list returned.", "query/cursor"));
}
