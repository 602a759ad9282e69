/**
 * This file checks what operators were told of the changes of members that they asked for.
 */
import { isAlready } from "../../../src/raft/membership.ts";
import type { Entry, Membership, MembershipChange } from "../../../src/raft/types.ts";
import type { Finding } from "./finding.ts";

/** For each of `agreed`, which were told as made: a committed membership must say so. `first` is the one before all entries. */
export function checkChanges(
  agreed: readonly MembershipChange[],
  { entries, first }: { readonly entries: readonly Entry[]; readonly first: Membership },
): readonly Finding[] {
  const committed = entries.flatMap(({ payload }) => (payload.kind === "membership" ? [payload.membership] : []));
  return agreed
    .filter((change) => ![first, ...committed].some((membership) => isAlready(membership, change)))
    .map((change) => ({
      check: "changes of members",
      detail: `told as made, and in no committed entry: ${JSON.stringify(change)}`,
    }));
}
