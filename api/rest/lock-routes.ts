/**
 * This file answers /v1/locks.
 */
import type { ServerResponse } from "node:http";
import { ok, type Result } from "../../src/base/result.ts";
import { type CommandBody, toFence, toTicket, waitersShownMax } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import type { BodyOf } from "../contract/contract.ts";
import { decodeCursor, encodeCursor } from "../contract/cursor.ts";
import { ownerOf } from "../contract/labels.ts";
import { leaseIdOf } from "../contract/lease-id.ts";
import type { Problem } from "../contract/problem.ts";
import { lockShape, remaining } from "../contract/wire-format.ts";
import { defaulted, json, pageLimitOf, readHeaders, readOptionsOf, refuse, writeOptionsOf } from "./exchange-options.ts";
import type { Answer, Exchange, Router } from "./routing.ts";

/** Binds the operations on locks; acquire and release first, because they are the most frequent. */
export function bindLockRoutes(router: Router, context: ApiContext): void {
  router.bind("acquireLock", (exchange) => acquireLock(exchange, context));
  router.bind("releaseLock", (exchange) => releaseLock(exchange, context));
  router.bind("verifyLock", (exchange) => verifyLock(exchange, context));
  router.bind("getLock", (exchange) => getLock(exchange, context));
  router.bind("listLocks", (exchange) => listLocks(exchange, context), { waitsForRoom: "beforeMade" });
  router.bind("cancelWait", (exchange) => cancelWait(exchange, context));
  router.bind("breakLock", (exchange) => breakLock(exchange, context));
}

async function acquireLock(exchange: Exchange<"acquireLock">, context: ApiContext): Promise<Answer> {
  const { path, query, body, response } = exchange;
  const owner = ownerOf(body.owner);
  if (!owner.ok) return owner;
  const lease = leaseChoiceOf(body);
  if (!lease.ok) return lease;
  const write = writeOptionsOf(exchange, context);
  // After a 202 the client continues to wait by repeating the request, so it needs an id.
  const requestId = write.requestId ?? context.ports.newId();
  const waitMs = body.waitMs ?? 0;
  const acquired = await context.service.acquire(
    {
      kind: "lockAcquire",
      name: path.name,
      lease: lease.value,
      waitMs,
      owner: owner.value,
    },
    {
      ...write,
      requestId,
      holdMs: Math.min(defaulted(query.holdMs), context.limits.acquireHoldMsMax),
      signal: waitMs === 0 ? neverAborted : signalOf(response),
    },
  );
  if (!acquired.ok) return refuse(acquired.error, context);
  const answer = acquired.value;
  if (answer.kind === "queued") {
    const { ticket, position, leaseId, ttlMs } = answer;
    return json({ name: path.name, ticket, position, leaseId, ttlMs, idempotencyKey: requestId }, { status: 202 });
  }
  const { fence, leaseId, ttlMs, ticket } = answer;
  const { storeId } = context.service.position();
  return json({ name: path.name, fence, storeId, leaseId, ttlMs, ticket });
}

async function releaseLock(exchange: Exchange<"releaseLock">, context: ApiContext): Promise<Answer> {
  const { path, body } = exchange;
  const leaseId = leaseIdOf(body.leaseId);
  if (!leaseId.ok) return leaseId;
  const fence = toFence(body.fence);
  const released = await context.service.execute<"lockRelease">(
    { kind: "lockRelease", name: path.name, leaseId: leaseId.value, fence },
    writeOptionsOf(exchange, context),
  );
  if (!released.ok) return refuse(released.error, context);
  return json({ name: path.name, fence, revision: released.value.revision });
}

async function verifyLock(exchange: Exchange<"verifyLock">, context: ApiContext): Promise<Answer> {
  const { path, body } = exchange;
  const options = readOptionsOf({ ...exchange, query: {} }, context);
  const found = await context.service.read({ kind: "fence", name: path.name, fence: toFence(body.fence) }, options);
  if (!found.ok) return refuse(found.error, context);
  if (found.value.kind === "notHeld") return refuse({ kind: "notHolder", fence: found.value.fence }, context);
  const { fence, leaseId, owner, remainingMs } = found.value.hold;
  const { storeId } = context.service.position();
  return json(
    { name: path.name, fence, storeId, leaseId, owner, remainingMs: remaining(remainingMs) },
    { headers: readHeaders(options, context) },
  );
}

async function getLock(exchange: Exchange<"getLock">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const options = readOptionsOf(exchange, context);
  const found = await context.service.read({ kind: "lock", name: path.name, queueLimit: waitersShownMax }, options);
  if (!found.ok) return refuse(found.error, context);
  return json(lockShape(found.value), { headers: readHeaders(options, context) });
}

async function listLocks(exchange: Exchange<"listLocks">, context: ApiContext): Promise<Answer> {
  const { query } = exchange;
  const cursor = decodeCursor("locks", query.cursor);
  if (!cursor.ok) return cursor;
  const options = readOptionsOf(exchange, context);
  const page = await context.service.read(
    { kind: "lockList", prefix: query.prefix ?? "", after: cursor.value?.after ?? null, limit: pageLimitOf(query) },
    options,
  );
  if (!page.ok) return refuse(page.error, context);
  const { items, next, revision } = page.value;
  const following = next === null ? null : encodeCursor("locks", { after: next, revision: null });
  return json({ items: items.map(lockShape), cursor: following, revision }, { headers: readHeaders(options, context) });
}

async function cancelWait(exchange: Exchange<"cancelWait">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const ticket = toTicket(path.ticket);
  const cancelled = await context.service.execute<"lockCancel">(
    { kind: "lockCancel", name: path.name, ticket },
    writeOptionsOf(exchange, context),
  );
  if (!cancelled.ok) return refuse(cancelled.error, context);
  return json({ name: path.name, ticket, revision: cancelled.value.revision });
}

async function breakLock(exchange: Exchange<"breakLock">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const broken = await context.service.execute<"lockBreak">(
    { kind: "lockBreak", name: path.name },
    writeOptionsOf(exchange, context),
  );
  if (!broken.ok) return refuse(broken.error, context);
  return json({ name: path.name, fence: broken.value.fence, revision: broken.value.revision });
}

type LeaseChoice = Extract<CommandBody, { readonly kind: "lockAcquire" }>["lease"];

function leaseChoiceOf(body: BodyOf<"acquireLock">): Result<LeaseChoice, Problem> {
  if (!("leaseId" in body)) return ok({ kind: "own", ttlMs: body.ttlMs });
  const leaseId = leaseIdOf(body.leaseId);
  return leaseId.ok ? ok({ kind: "existing", leaseId: leaseId.value }) : leaseId;
}

const neverAborted = new AbortController().signal;

/** Aborted when the client goes away before it was answered. */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
