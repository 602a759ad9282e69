/**
 * This file is the truth that the checks at the end of a run measure clients against: what each committed entry did,
 * found by applying the log once more from its beginning, away from every node.
 */
import type { Change } from "../../src/machine/change.ts";

/** One committed entry and what it did. */
export type CommittedFact = {
  readonly index: number;
  readonly clusterTimeMs: number;
  /** The first virtual time at which a node knew it to be committed. */
  readonly committedAtMs: number;
  /** What it changed, a revision each. */
  readonly batches: readonly { readonly revision: number; readonly changes: readonly Change[] }[];
  /** The request that it carried out, or repeated the answer of; null without a request id. */
  readonly request: { readonly id: string; readonly executed: boolean; readonly outcome: string } | null;
  /** Leases that it prolonged, with their TTL. */
  readonly renewed: readonly { readonly leaseId: string; readonly ttlMs: number }[];
};
