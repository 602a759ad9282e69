/**
 * This file reads the id of a lease out of a request.
 */
import { err, ok, type Result } from "../../src/base/result.ts";
import { type LeaseId, parseLeaseId } from "../../src/node/service.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** The lease id, or `invalid_request`: the document's pattern accepts ids above every revision. */
export function leaseIdOf(text: string): Result<LeaseId, Problem> {
  const leaseId = parseLeaseId(text);
  return leaseId === undefined ? err(invalidRequest(`No lease can have the id ${text.slice(0, 40)}.`)) : ok(leaseId);
}
