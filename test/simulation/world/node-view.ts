/**
 * This file is a node as the checks see it, and when two entries are the same.
 */
import type { Entry, HardState, LogReader, Membership, Payload, Role } from "../../../src/raft/types.ts";
import type { Report } from "../checks/finding.ts";
import { hashValue } from "./state-hash.ts";

/** One node as the checks see it. The disk is there while the process is down. */
export interface NodeView {
  readonly index: number;
  readonly id: string;
  readonly alive: boolean;
  /** Of the process; meaningless while it is down. */
  readonly term: number;
  readonly role: Role;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** The log as the process sees it, with what is on its way to disk. */
  readonly lastIndex: number;
  /** In force, as the process sees it. */
  readonly membership: Membership;
  termAt(index: number): number | undefined;
  /** `bare` is read without a node's troubles to read it. */
  readonly disk: { readonly bare: LogReader; readonly hardState: HardState; readonly stateHash: number };
}

/** What the invariants use of a cluster. */
export type InvariantWorld = {
  readonly nodes: readonly NodeView[];
  readonly numberOf: (nodeId: string) => number;
  /** A finding ends the run. */
  readonly report: Report;
  readonly nowMs: () => number;
};

/** Whether two entries have the same content. */
export function sameEntry(a: Entry, b: Entry): boolean {
  return (
    a.index === b.index &&
    a.term === b.term &&
    a.clusterTimeMs === b.clusterTimeMs &&
    a.wallTimeMs === b.wallTimeMs &&
    samePayload(a.payload, b.payload)
  );
}

function samePayload(a: Payload, b: Payload): boolean {
  return a === b || (a.kind === b.kind && hashValue(1, a) === hashValue(1, b));
}
