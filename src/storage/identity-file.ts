/**
 * This file keeps what a data directory knows of itself, besides its states and longer than each of them (`IDENTITY`, DECISIONS 17 and
 * 20): whose it is, its random instance, which runs it had, how far it has come into a cluster, and what its last run may have
 * promised.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { unreachable } from "../base/assert.ts";
import { type MemberAddress, type Membership, type NodeId, toNodeId } from "../raft/types.ts";
import { presentState, tracesOfState } from "./directory.ts";
import { StorageError } from "./errors.ts";
import { type FolderRuns, folderRunsMax } from "./folder-runs.ts";
import { peerStartsName } from "./peer-starts-file.ts";
import { readSealed, writeSealed } from "./sealed-file.ts";

/** How far a directory has come. A directory goes through these in order and never back. */
export type IdentityStanding =
  /** It has promised nothing to other nodes. */
  | { readonly kind: "new" }
  /** It has chosen with which folders its cluster is to begin (`bootstrap/formation.ts`). */
  | { readonly kind: "locked"; readonly set: Readonly<Record<string, string>> }
  /** It is part of a cluster. */
  | {
      readonly kind: "established";
      readonly clusterId: string;
      /** The membership before the first entry, and the folders of its members. */
      readonly genesis: Membership;
      readonly first: Readonly<Record<string, string>>;
    }
  /** It was refused for good: later starts do not ask again, so that they are not let in by a node that knows less. */
  | { readonly kind: "refused"; readonly why: string };

/** The content of `IDENTITY`. */
export type IdentityRecord = {
  readonly nodeId: NodeId;
  /** Random; no other directory has it, except copies of this one. */
  readonly instanceId: string;
  /** The present run is the last one, written before it contacts another node. Empty while the folder is not part of a cluster. */
  readonly line: FolderRuns;
  /** For how long after its end that run may have promised a leader to elect nobody else. */
  readonly leasePromiseMs: number;
  readonly standing: IdentityStanding;
};

const fileName = "IDENTITY";
const replaceAdvice = "remove this node from the cluster, and add one with a new id and an empty directory";

/**
 * Reads `IDENTITY`; undefined when the directory is new. Throws StorageError when the directory must not be used: it is of another
 * version, the file is damaged, or one of file and state is missing, so that it is unknown what was promised.
 */
export function readIdentity(directory: string): IdentityRecord | undefined {
  const path = join(directory, fileName);
  const content = readSealed(path);
  switch (content.kind) {
    case "absent":
      refuseUnlessNew(directory);
      return undefined;
    case "damaged":
      throw new StorageError("beyondRepair", `${path} is damaged: ${content.why}. To go on, ${replaceAdvice}.`);
    case "otherFormat": {
      const advice = "Start it with the version that made it, or give this node an empty directory and a new id.";
      throw new StorageError("unknownFormat", `${path} is of another version: ${content.why}. ${advice}`);
    }
    case "present": {
      const record = parseOr(path, content.body);
      if (record.standing.kind === "established" && presentState(directory) === undefined) {
        const message = `${directory} has lost its state, and with it the vote of ${record.nodeId}. To go on, ${replaceAdvice}.`;
        throw new StorageError("beyondRepair", message);
      }
      return record;
    }
    default:
      return unreachable(content);
  }
}

/** The file is the first one that is written to a directory: if there are others, it was lost. */
function refuseUnlessNew(directory: string): void {
  const traces = tracesOfState(directory);
  if (existsSync(join(directory, peerStartsName))) traces.push(peerStartsName);
  const [trace] = traces;
  if (trace === undefined) return;
  const path = join(directory, fileName);
  const message = `${path} is missing, so it is unknown whose data this is: ${trace} exists. To go on, ${replaceAdvice}.`;
  throw new StorageError("beyondRepair", message);
}

/** Writes `IDENTITY`, durably when it returns. The directory must be owned. */
export function writeIdentity(directory: string, record: IdentityRecord): void {
  writeSealed(join(directory, fileName), record);
}

function parseOr(path: string, body: unknown): IdentityRecord {
  try {
    const { nodeId, instanceId, line, leasePromiseMs, standing } = fieldsOf(body);
    return {
      nodeId: toNodeId(textOf(nodeId)),
      instanceId: textOf(instanceId),
      line: lineOf(fieldsOf(line)),
      leasePromiseMs: countOf(leasePromiseMs),
      standing: standingOf(fieldsOf(standing)),
    };
  } catch (cause) {
    throw new StorageError("beyondRepair", `${path} makes no sense. To go on, ${replaceAdvice}.`, { cause });
  }
}

function lineOf({ runs, forgotten }: Readonly<Record<string, unknown>>): FolderRuns {
  if (!Array.isArray(runs) || runs.length > folderRunsMax) throw new TypeError("no list of runs");
  const taken = runs.map((run: unknown) => {
    const { runId, start, isMet } = fieldsOf(run);
    if (typeof isMet !== "boolean") throw new TypeError("no flag");
    return { runId: textOf(runId), start: countOf(start), isMet };
  });
  return { runs: taken, forgotten: countOf(forgotten) };
}

function standingOf(fields: Readonly<Record<string, unknown>>): IdentityStanding {
  const { kind, set, clusterId, genesis, first, why } = fields;
  if (kind === "new") return { kind };
  if (kind === "locked") return { kind, set: textsOf(set) };
  if (kind === "refused") return { kind, why: textOf(why) };
  if (kind !== "established") throw new TypeError(`standing ${String(kind)}`);
  return { kind, clusterId: textOf(clusterId), genesis: membershipOf(fieldsOf(genesis)), first: textsOf(first) };
}

function membershipOf(fields: Readonly<Record<string, unknown>>): Membership {
  const ids = (name: string) => {
    const value = fields[name];
    if (!Array.isArray(value)) throw new TypeError(`${name} is no list`);
    return value.map((id: unknown) => toNodeId(textOf(id)));
  };
  const addresses: Record<string, MemberAddress> = {};
  for (const [id, address] of Object.entries(fieldsOf(fields["addresses"]))) {
    const { peerUrl, apiUrl } = fieldsOf(address);
    addresses[toNodeId(id)] = { peerUrl: textOf(peerUrl), apiUrl: textOf(apiUrl) };
  }
  return {
    voters: ids("voters"),
    votersOutgoing: ids("votersOutgoing"),
    learners: ids("learners"),
    learnersNext: ids("learnersNext"),
    addresses,
    removed: ids("removed"),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError("no record");
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("no text");
  return value;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([id, text]) => [id, textOf(text)]));
}

function countOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new TypeError("no count");
  return value;
}
