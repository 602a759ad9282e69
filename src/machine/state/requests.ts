/**
 * This file remembers what named requests were answered, so that a repeat does nothing and gets the same answer (DECISIONS 41). The memory
 * is bounded by count and by cluster time, and forgets in the order of use. A request that still waits in a queue is not
 * forgotten: its repeat would wait twice.
 */
import { err } from "../../base/result.ts";
import type { Command, Outcome } from "../command.ts";
import { forgottenPerEntryMax, requestAgeMsMax, requestsMax } from "../limits.ts";
import type { Ticket } from "../types.ts";
import type { Draft } from "./draft.ts";
import { requestOrderKey } from "./keys.ts";
import type { RequestRecord } from "./records.ts";

type Request = NonNullable<Command["request"]>;

/**
 * What the request was answered before, requestMismatch under another body, requestForgotten when it may have been answered
 * before and forgotten since its sender began, or undefined when it is to be carried out.
 */
export function recallRequest(draft: Draft, request: Request): Outcome | undefined {
  const record = draft.tables.get("requests", request.id);
  if (record === undefined) {
    return mayBeForgotten(draft, request) ? err({ kind: "requestForgotten", requestId: request.id }) : undefined;
  }
  return record.fingerprint === request.fingerprint ? record.outcome : err({ kind: "requestMismatch", requestId: request.id });
}

/**
 * A request that its sender began after it saw index i is applied after i. It is forgotten only when that index is at most
 * `requestForgottenIndex`. So with i at or above that, an unknown request is a new one.
 */
function mayBeForgotten({ meta }: Draft, { since }: Request): boolean {
  if (since === null) return false;
  return since.storeId !== meta.storeId || since.index < meta.requestForgottenIndex;
}

/** Remembers the outcome, also a refusal: the same request must not succeed later. */
export function rememberRequest(draft: Draft, request: Request, outcome: Outcome): void {
  append(draft, request.id, { fingerprint: request.fingerprint, outcome });
}

/** Replaces "queued" by how the wait ended. Its time in memory starts again, for the client may ask only now. */
export function amendRequest(
  draft: Draft,
  amendment: { readonly requestId: string | null; readonly ticket: Ticket; readonly outcome: Outcome },
): void {
  const { requestId, ticket, outcome } = amendment;
  if (requestId === null) return;
  const record = draft.tables.get("requests", requestId);
  if (record === undefined || waitingTicket(record.outcome) !== ticket) return;
  draft.tables.delete("requestOrder", requestOrderKey(record.order));
  append(draft, requestId, { fingerprint: record.fingerprint, outcome });
}

/** Forgets the oldest requests that are past the bounds, a few at a time. */
export function forgetRequests(draft: Draft): void {
  const { tables, meta } = draft;
  for (let work = 0; work < forgottenPerEntryMax && meta.requestFirst < meta.requestNext; work++) {
    const tooMany = meta.requestNext - meta.requestFirst > requestsMax;
    if (!tooMany && meta.clusterTimeMs - meta.requestOldestMs <= requestAgeMsMax) return;
    const orderKey = requestOrderKey(meta.requestFirst);
    const id = tables.get("requestOrder", orderKey);
    const record = id === undefined ? undefined : tables.get("requests", id);
    // A missing row was moved to the end of the order.
    if (id !== undefined && record !== undefined) {
      meta.requestOldestMs = record.clusterTimeMs;
      if (!tooMany && meta.clusterTimeMs - record.clusterTimeMs <= requestAgeMsMax) return;
      tables.delete("requestOrder", orderKey);
      if (waitingTicket(record.outcome) === undefined) {
        tables.delete("requests", id);
        // The order of use is the order of the indexes.
        meta.requestForgottenIndex = record.index;
      } else append(draft, id, record);
    }
    meta.requestFirst += 1;
  }
}

function append(draft: Draft, id: string, request: Pick<RequestRecord, "fingerprint" | "outcome">): void {
  const { tables, meta } = draft;
  const order = meta.requestNext;
  if (meta.requestFirst === order) meta.requestOldestMs = meta.clusterTimeMs;
  meta.requestNext += 1;
  const { fingerprint, outcome } = request;
  tables.put("requests", id, { fingerprint, outcome, clusterTimeMs: meta.clusterTimeMs, index: meta.appliedIndex, order });
  tables.put("requestOrder", requestOrderKey(order), id);
}

/** The ticket of a request that still waits in a queue. */
export function waitingTicket(outcome: Outcome): Ticket | undefined {
  return outcome.ok && "kind" in outcome.value && outcome.value.kind === "queued" ? outcome.value.ticket : undefined;
}
