/**
 * This file logs what the core refused (DECISIONS 23): messages, and a log that is not of the cluster's history, which ends the
 * node.
 */
import { unreachable } from "../base/assert.ts";
import { Repeats } from "../intake/repeats.ts";
import type { ProtocolFault } from "../node/driver-options.ts";
import type { NodeLogger } from "./start-node.ts";

/** Milliseconds in which the same refusal of the same sender is logged once; all are counted. */
const quietMs = 10_000;
/** Senders that are remembered; a stranger may invent ids. */
const keysMax = 256;

/** Logs and counts what the core refuses. */
export type ProtocolFaults = {
  /** Logs and counts `fault`; `nowMs` is of any clock that never falls. */
  readonly note: (fault: ProtocolFault, nowMs: number) => void;
  /** Messages refused since the start. */
  readonly refusedCount: () => number;
};

/** `retire` is called when this node's log is not of the cluster's history. */
export function protocolFaults(to: { readonly logger: NodeLogger; readonly retire: () => void }): ProtocolFaults {
  const repeats = new Repeats({ quietMs, keysMax });
  let refused = 0;
  const messageRefused = (fields: object, suppressed: number | undefined) => {
    refused += 1;
    if (suppressed !== undefined) to.logger.warn({ ...fields, suppressed }, "a message of a peer was refused");
  };
  return {
    refusedCount: () => refused,
    note: ({ kind, ...fields }, nowMs) => {
      switch (kind) {
        case "messageRefused":
          messageRefused(fields, repeats.note(JSON.stringify(fields), nowMs));
          return;
        case "ceilingReached":
          if (repeats.note(kind, nowMs) !== undefined)
            to.logger.error(fields, "the term or the log is at its ceiling: this node stands for no election");
          return;
        case "logConflict":
          to.logger.error(fields, "the log of this node contradicts the log of its leader");
          to.retire();
          return;
        default:
          unreachable(kind);
      }
    },
  };
}

/** Advice for the operator of a node whose log is not of its cluster's history. */
export function foreignHistoryAdvice(nodeId: string): string {
  return (
    `${nodeId} stops: what its data folder holds as committed is not what its cluster holds. The folder does not belong to this history, or was ` +
    `restored from an older copy. Keep the folder for inspection; remove ${nodeId} from the cluster, and add a new node under a new id`
  );
}
