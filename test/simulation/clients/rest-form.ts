/**
 * This file writes what simulated clients ask for as requests of the REST API, and reads what they learn from the answers: statuses,
 * ETags, fences and the codes of problems, and nothing that is not on the wire.
 */
import { problems } from "../../../openapi/generated/problems.ts";
import { assert } from "../../../src/base/assert.ts";
import type { Answers, CommandBody, Precondition, Refusal } from "../../../src/machine/command.ts";
import { type LeaseId, parseLeaseId, toFence, toRevision, toTicket } from "../../../src/machine/types.ts";
import type { StorePosition } from "../../../src/node/service.ts";
import type { ClientAnswer } from "./client-port.ts";

/** A request without its host. */
export type RestCall = {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
};

/** An answer, its body parsed. */
export type RestAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
};

/** The name of a request, and what its sender had seen before; null where there is none. */
export type RestName = { readonly requestId: string | null; readonly since: StorePosition | null };

/** `holdMs` is how long an acquire may be held open. */
export function commandCall(body: CommandBody, name: RestName, holdMs: number): RestCall {
  const named: Record<string, string> = {};
  if (name.requestId !== null) named["Idempotency-Key"] = name.requestId;
  if (name.since !== null) named["Keyhold-Request-Since"] = `${name.since.storeId}.${name.since.index}`;
  const json = (method: string, path: string, value: object): RestCall => ({
    method,
    path,
    headers: { ...named, "content-type": "application/json" },
    body: JSON.stringify(value),
  });
  const bare = (method: string, path: string, headers = named): RestCall => ({ method, path, headers });
  switch (body.kind) {
    case "configPut": {
      const lease = body.leaseId === null ? "" : `?lease=${body.leaseId}`;
      const headers = { ...named, ...preconditionHeaders(body.precondition), "content-type": body.contentType };
      return { method: "PUT", path: `/v1/config/${body.key}${lease}`, headers, body: Uint8Array.from(body.value) };
    }
    case "configDelete":
      return bare("DELETE", `/v1/config/${body.key}`, { ...named, ...preconditionHeaders(body.precondition) });
    case "leaseGrant":
      return json("POST", "/v1/leases", { ttlMs: body.ttlMs, ...ownerOf(body.owner) });
    case "leaseRevoke":
      return bare("DELETE", `/v1/leases/${body.leaseId}`);
    case "leaseRenew":
      return bare("POST", `/v1/leases/${body.leaseIds[0]}/keepalive`);
    case "lockAcquire": {
      const lease = body.lease.kind === "own" ? { ttlMs: body.lease.ttlMs } : { leaseId: body.lease.leaseId };
      const path = `/v1/locks/${body.name}/acquire?holdMs=${Math.floor(holdMs)}`;
      return json("POST", path, { ...lease, waitMs: body.waitMs, ...ownerOf(body.owner) });
    }
    case "lockRelease":
      return json("POST", `/v1/locks/${body.name}/release`, { leaseId: body.leaseId, fence: body.fence });
    case "lockCancel":
      return bare("DELETE", `/v1/locks/${body.name}/queue/${body.ticket}`);
    case "lockBreak":
      return bare("DELETE", `/v1/locks/${body.name}/holder`);
    default:
      throw new Error(`no route for ${body.kind}`);
  }
}

function ownerOf(owner: string | null): { readonly owner?: string } {
  return owner === null ? {} : { owner };
}

function preconditionHeaders(precondition: Precondition): Record<string, string> {
  switch (precondition.kind) {
    case "none":
      return {};
    case "absent":
      return { "If-None-Match": "*" };
    case "exists":
      return { "If-Match": "*" };
    case "modRevision":
      return { "If-Match": `"${precondition.revision}"` };
  }
}

/** What a client learns of a command. Throws when the answer is none that the contract knows. */
export function commandAnswer<Kind extends CommandBody["kind"]>(
  body: Extract<CommandBody, { readonly kind: Kind }>,
  requestId: string | null,
  answer: RestAnswer,
): ClientAnswer<Answers[Kind]> {
  if (answer.status >= 200 && answer.status < 300) return { kind: "ok", value: writtenIn(body, answer) as Answers[Kind] };
  if (body.kind === "leaseRenew" && codeOf(answer) === "lease_not_found") {
    const value: Answers["leaseRenew"] = { renewals: [{ leaseId: leaseIdIn(answer.body["leaseId"]), ttlMs: null }] };
    return { kind: "ok", value: value as Answers[Kind] };
  }
  return problemAnswer(requestId, answer);
}

function writtenIn(body: CommandBody, { headers, status, body: said }: RestAnswer): Answers[keyof Answers] {
  const revision = () => toRevision(numberIn(said["revision"]));
  switch (body.kind) {
    case "configPut": {
      const created = status === 201;
      assert(said["created"] === created, `created is ${said["created"]} under ${status}`);
      const modRevision = taggedRevision(headers);
      assert(modRevision === said["modRevision"], `the ETag names ${modRevision}, the body ${said["modRevision"]}`);
      const createRevision = toRevision(numberIn(said["createRevision"]));
      return { created, version: numberIn(said["version"]), createRevision, modRevision };
    }
    case "leaseGrant":
      return { leaseId: leaseIdIn(said["leaseId"]), ttlMs: numberIn(said["ttlMs"]), revision: revision() };
    case "leaseRenew":
      return { renewals: [{ leaseId: leaseIdIn(said["leaseId"]), ttlMs: numberIn(said["ttlMs"]) }] };
    case "lockAcquire": {
      const leaseId = leaseIdIn(said["leaseId"]);
      const ttlMs = numberIn(said["ttlMs"]);
      if (status === 202) {
        const position = numberIn(said["position"]);
        return { kind: "queued", ticket: toTicket(numberIn(said["ticket"])), position, leaseId, ttlMs };
      }
      const ticket = said["ticket"] === null ? null : toTicket(numberIn(said["ticket"]));
      return { kind: "granted", fence: toFence(numberIn(said["fence"])), leaseId, ttlMs, ticket };
    }
    case "lockBreak":
      return { revision: revision(), fence: toFence(numberIn(said["fence"])) };
    case "configDelete":
    case "leaseRevoke":
    case "lockRelease":
    case "lockCancel":
      return { revision: revision() };
    default:
      throw new Error(`no route for ${body.kind}`);
  }
}

/** What a problem means to a client: certainly nothing was done, nobody knows, or why it was refused. */
export function problemAnswer(requestId: string | null, answer: RestAnswer): ClientAnswer<never> {
  const code = codeOf(answer);
  if (code === "outcome_unknown") return { kind: "unknown" };
  if (nothingDone.has(code)) return { kind: "notDone" };
  const refusal = refusalOf(code, requestId, answer.body);
  // How long a lock is held is shown in whole milliseconds only.
  return code === "lock_held" ? { kind: "refused", refusal, isRounded: true } : { kind: "refused", refusal };
}

const nothingDone: ReadonlySet<string> = new Set([
  ...["no_leader", "overloaded", "shutting_down", "upgrade_in_progress", "recovering", "forward_loop"],
  ...["revision_not_reached", "compacted", "future_revision"],
]);

function refusalOf(code: string, requestId: string | null, said: RestAnswer["body"]): Refusal {
  switch (code) {
    case "revision_mismatch":
      return { kind: "revisionMismatch", actual: said["actual"] === null ? null : toRevision(numberIn(said["actual"])) };
    case "key_not_found":
      return { kind: "keyNotFound" };
    case "lease_not_found":
      return { kind: "leaseNotFound", leaseId: leaseIdIn(said["leaseId"]) };
    case "lock_held": {
      const holder = said["holder"] as { readonly fence: number; readonly leaseId: string; readonly owner: string | null };
      const held = { fence: toFence(holder.fence), leaseId: leaseIdIn(holder.leaseId), ticket: null, owner: holder.owner };
      const [remainingMs, queueLength] = [numberIn(said["remainingMs"]), numberIn(said["queueLength"])];
      return { kind: "lockHeld", holder: { ...held, grantedAtWallMs: 0 }, remainingMs, queueLength };
    }
    case "already_held":
      return { kind: "alreadyHeld", leaseId: leaseIdIn(said["leaseId"]) };
    case "wait_timeout":
      return { kind: "waitTimeout", ticket: toTicket(numberIn(said["ticket"])) };
    case "lease_gone":
      return { kind: "leaseGone", leaseId: leaseIdIn(said["leaseId"]) };
    case "wait_cancelled":
      return { kind: "waitCancelled", ticket: toTicket(numberIn(said["ticket"])) };
    case "not_holder":
      return { kind: "notHolder", fence: said["holderFence"] === null ? null : toFence(numberIn(said["holderFence"])) };
    case "ticket_not_found":
      return { kind: "ticketNotFound", ticket: toTicket(numberIn(said["ticket"])) };
    case "request_mismatch":
      return { kind: "requestMismatch", requestId: requestId ?? "" };
    case "limit_reached": {
      // The contract has the name as text.
      const limit = String(said["limit"]) as Extract<Refusal, { readonly kind: "limitReached" }>["limit"];
      return { kind: "limitReached", limit, max: numberIn(said["max"]) };
    }
    case "quota_exceeded":
      return { kind: "quotaExceeded", used: numberIn(said["used"]), limit: numberIn(said["limit"]) };
    default:
      throw new Error(`a client was answered ${JSON.stringify(said)}`);
  }
}

/** The code of a problem, which must have its status and come in its form. */
export function codeOf({ status, headers, body }: RestAnswer): string {
  const code = String(body["code"]);
  const known: Readonly<Record<string, { readonly status: number }>> = problems;
  assert(known[code]?.status === status, `${code} came with status ${status}`);
  assert(headers.get("content-type") === "application/problem+json", `a problem of type ${headers.get("content-type")}`);
  return code;
}

/** The revision that an ETag names. */
export function taggedRevision(headers: Headers): ReturnType<typeof toRevision> {
  const tag = /^"(\d+)"$/.exec(headers.get("etag") ?? "");
  return toRevision(numberIn(Number(tag?.[1])));
}

/** Where the node stood that answered; null while it is in no cluster. */
export function positionIn(
  headers: Headers,
): { readonly storeId: string; readonly index: number; readonly revision: number } | null {
  const text = headers.get("keyhold-position") ?? "";
  const dot = text.lastIndexOf(".");
  if (dot <= 0) return null;
  return { storeId: text.slice(0, dot), index: Number(text.slice(dot + 1)), revision: Number(headers.get("keyhold-revision")) };
}

function numberIn(value: unknown): number {
  assert(typeof value === "number" && Number.isFinite(value), `${String(value)} is no number`);
  return value;
}

function leaseIdIn(value: unknown): LeaseId {
  const leaseId = parseLeaseId(String(value));
  assert(leaseId !== undefined && leaseId !== null, `${String(value)} is no lease id`);
  return leaseId;
}
