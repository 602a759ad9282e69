/**
 * This file answers /v1/leases.
 */
import { at } from "../../src/base/at.ts";
import { ok } from "../../src/base/result.ts";
import type { ApiContext } from "../context.ts";
import { decodeCursor, encodeCursor } from "../contract/cursor.ts";
import { ownerOf } from "../contract/labels.ts";
import { leaseIdOf } from "../contract/lease-id.ts";
import { leaseShape } from "../contract/wire-format.ts";
import { timeLimitOf } from "../time-limit.ts";
import { json, pageLimitOf, readHeaders, readOptionsOf, refuse, writeOptionsOf } from "./exchange-options.ts";
import type { Answer, Exchange, Router } from "./routing.ts";

/** Binds the operations on leases; keepalive first, because it is the most frequent. */
export function bindLeaseRoutes(router: Router, context: ApiContext): void {
  router.bind("keepAliveLease", (exchange) => keepAliveLease(exchange, context));
  router.bind("grantLease", (exchange) => grantLease(exchange, context));
  router.bind("getLease", (exchange) => getLease(exchange, context));
  router.bind("revokeLease", (exchange) => revokeLease(exchange, context));
  router.bind("listLeases", (exchange) => listLeases(exchange, context), { waitsForRoom: "beforeMade" });
}

async function keepAliveLease(exchange: Exchange<"keepAliveLease">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const parsed = leaseIdOf(path.id);
  if (!parsed.ok) return parsed;
  const leaseId = parsed.value;
  const renewed = await context.service.execute<"leaseRenew">(
    { kind: "leaseRenew", leaseIds: [leaseId] },
    { requestId: null, timeoutMs: timeLimitOf(exchange.request, context.limits) },
  );
  if (!renewed.ok) return refuse(renewed.error, context);
  const { ttlMs } = at(renewed.value.renewals, 0);
  return ttlMs === null ? refuse({ kind: "leaseNotFound", leaseId }, context) : json({ leaseId, ttlMs });
}

async function grantLease(exchange: Exchange<"grantLease">, context: ApiContext): Promise<Answer> {
  const { body } = exchange;
  const owner = ownerOf(body.owner);
  if (!owner.ok) return owner;
  const granted = await context.service.execute<"leaseGrant">(
    { kind: "leaseGrant", ttlMs: body.ttlMs, owner: owner.value },
    writeOptionsOf(exchange, context),
  );
  if (!granted.ok) return refuse(granted.error, context);
  const { leaseId, ttlMs, revision } = granted.value;
  return json({ leaseId, ttlMs, revision }, { status: 201 });
}

async function getLease(exchange: Exchange<"getLease">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const options = readOptionsOf(exchange, context);
  const parsed = leaseIdOf(path.id);
  if (!parsed.ok) return parsed;
  const leaseId = parsed.value;
  const found = await context.service.read({ kind: "lease", leaseId }, options);
  if (!found.ok) return refuse(found.error, context);
  if (found.value === null) return refuse({ kind: "leaseNotFound", leaseId }, context);
  return json(leaseShape(found.value), { headers: readHeaders(options, context) });
}

async function revokeLease(exchange: Exchange<"revokeLease">, context: ApiContext): Promise<Answer> {
  const { path } = exchange;
  const parsed = leaseIdOf(path.id);
  if (!parsed.ok) return parsed;
  const leaseId = parsed.value;
  const revoked = await context.service.execute<"leaseRevoke">(
    { kind: "leaseRevoke", leaseId },
    writeOptionsOf(exchange, context),
  );
  if (!revoked.ok) return refuse(revoked.error, context);
  return json({ leaseId, revision: revoked.value.revision });
}

async function listLeases(exchange: Exchange<"listLeases">, context: ApiContext): Promise<Answer> {
  const { query } = exchange;
  const cursor = decodeCursor("leases", query.cursor);
  if (!cursor.ok) return cursor;
  const options = readOptionsOf(exchange, context);
  const after = cursor.value === null ? ok(null) : leaseIdOf(cursor.value.after);
  if (!after.ok) return after;
  const page = await context.service.read({ kind: "leaseList", after: after.value, limit: pageLimitOf(query) }, options);
  if (!page.ok) return refuse(page.error, context);
  const { items, next, revision } = page.value;
  const following = next === null ? null : encodeCursor("leases", { after: next, revision: null });
  return json({ items: items.map(leaseShape), cursor: following, revision }, { headers: readHeaders(options, context) });
}
