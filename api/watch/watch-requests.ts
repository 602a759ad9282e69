/**
 * This file reads parts of what clients of the watch gateway send, and describes what is wrong with them.
 */
import { ok, type Result } from "../../src/base/result.ts";
import type { LeaseId } from "../../src/node/service.ts";
import type { ContractFault } from "../contract/contract.ts";
import { leaseIdOf } from "../contract/lease-id.ts";
import type { Problem } from "../contract/problem.ts";
import type { WatchEnd } from "./watch-stream.ts";

/** Characters of a client's name for a watch; the document says the same. */
export const watchIdLengthMax = 64;
/** Targets of one watch; the document says the same. */
export const targetsMax = 100;

/** All `texts` as lease ids, or the problem with the first that is none. */
export function allLeaseIds(texts: readonly string[]): Result<readonly LeaseId[], Problem> {
  const leaseIds: LeaseId[] = [];
  for (const text of texts) {
    const leaseId = leaseIdOf(text);
    if (!leaseId.ok) return leaseId;
    leaseIds.push(leaseId.value);
  }
  return ok(leaseIds);
}

/** The end of a watch that `limit` has no room for. */
export function limitEnd(limit: string, max: number): WatchEnd {
  return { code: "limit_reached", detail: `${limit} is bounded by ${max}.`, limit, max };
}

/** The watchId of a message that is otherwise invalid; empty when it has none. */
export function watchIdIn(message: unknown): string {
  const watchId = typeof message === "object" && message !== null ? (message as { watchId?: unknown }).watchId : undefined;
  return typeof watchId === "string" && watchId.length > 0 && watchId.length <= watchIdLengthMax ? watchId : "unknown";
}

/** Describes the fault of a message in a sentence. */
export function faultText(fault: ContractFault): string {
  return `${fault.path === "" ? "The message" : fault.path} ${fault.message}.`;
}
