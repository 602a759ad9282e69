/**
 * This file reads the machine's counters and makes the first state of a store.
 */
import { type Membership, toClusterTimeMs, toLogIndex, toTerm } from "../../raft/types.ts";
import { quotaBytesDefault } from "../limits.ts";
import { toRevision } from "../types.ts";
import { genesisKey, membersKey, metaKey } from "./keys.ts";
import type { MetaRecord, NodeRecord } from "./records.ts";
import type { TableReader, TableWriter } from "./tables.ts";

/** The counters before the first entry. */
export function initialMeta(options: { readonly storeId: string }): MetaRecord {
  return {
    appliedIndex: toLogIndex(0),
    appliedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    revision: toRevision(0),
    compactRevision: toRevision(0),
    historyBytes: 0,
    usedBytes: 0,
    pastBytes: 0,
    quotaBytes: quotaBytesDefault,
    requestFirst: 0,
    requestNext: 0,
    requestOldestMs: toClusterTimeMs(0),
    requestForgottenIndex: toLogIndex(0),
    leaseCount: 0,
    dueFrom: "",
    storeId: options.storeId,
    clusterVersion: 1,
  };
}

/** The counters; those of an empty store with an empty id when nothing was ever written. */
export function readMeta(tables: TableReader): MetaRecord {
  return tables.get("meta", metaKey) ?? initialMeta({ storeId: "" });
}

/** Writes the state before the first entry; every node of a cluster must write the same. It makes no revision. */
export function writeInitialState(
  tables: TableWriter,
  state: {
    readonly storeId: string;
    readonly membership: Membership;
    /**
     * By node id: the data folders of the first members, so that a folder that replaces one of them is recognized from the start.
     * Default: none is known.
     */
    readonly instances?: Readonly<Record<string, string>>;
  },
): void {
  tables.put("meta", metaKey, initialMeta(state));
  tables.put("members", membersKey, state.membership);
  // A node that joins later begins with it, so that it comes to the same state.
  tables.put("members", genesisKey, state.membership);
  for (const [id, instanceId] of Object.entries(state.instances ?? {})) tables.put("nodes", id, beforeHello(instanceId));
}

/** The record of a node of which only the data folder is known: it has not published its version and disk size. */
export function beforeHello(instanceId: string): NodeRecord {
  return { instanceId, version: 0, stateBytesMax: 0 };
}
