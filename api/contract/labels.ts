/**
 * This file checks the short texts that people read. The document bounds their characters; the state machine bounds their
 * bytes, and accepts well-formed Unicode only. What it would refuse must not reach the log, so it is asked here.
 */
import { err, ok, type Result } from "../../src/base/result.ts";
import { labelBytesMax, labelFault } from "../../src/node/service.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** The `owner` of a request body, null when it has none, or `invalid_request`. */
export function ownerOf(owner: string | undefined): Result<string | null, Problem> {
  if (owner === undefined) return ok(null);
  const fault = labelFault(owner);
  if (fault === null) return ok(owner);
  if (fault.kind === "notUnicode") return err(invalidRequest("The owner holds half a surrogate pair.", "body/owner"));
  return err(invalidRequest(`The owner has at most ${labelBytesMax} bytes of UTF-8.`, "body/owner"));
}
