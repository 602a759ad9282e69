/**
 * This file reads the id of a lease out of a request.
 */
import { err, ok, type Result } from "../../src/base/result.ts";
import { type LeaseId, parseLeaseId } from "../../src/node/service.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** A lease id that is one, or the problem: the document's pattern lets ids through that are larger than any revision. */
export function leaseIdOf(text: string): Result<LeaseId, Problem> {
  const leaseId = parseLeaseId(text);
  return leaseId === undefined ? err(invalidRequest(`No lease can have the id ${text.slice(0, 40)}.`)) : ok(leaseId);
}
