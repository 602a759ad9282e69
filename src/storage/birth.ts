/**
 * This file keeps what a data directory is told when it is made: its instance, which no other directory will ever have, and
 * with whom the cluster began. It is beside the states (`BIRTH`), because it outlives each of them.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Membership, toNodeId } from "../raft/types.ts";
import { presentState, syncFolder } from "./directory.ts";
import { StorageError } from "./errors.ts";

export type Birth = {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Random; published under the node's id, so that a directory that was replaced is noticed. */
  readonly instanceId: string;
  readonly genesis: Membership;
};

const fileName = "BIRTH";

/**
 * What was written here; undefined when the directory holds no state, or none that ever took part. Throws StorageError
 * when the file is damaged.
 */
export function readBirth(directory: string): Birth | undefined {
  const file = join(directory, fileName);
  let text: string;
  try {
    // Without a state the node has forgotten its vote: it begins anew, and under this instance it must not go on.
    if (presentState(directory) === undefined) return undefined;
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return parse(text);
  } catch (cause) {
    const advice = "Restore it from a backup of this directory, or remove this node from the cluster and add one with a new id.";
    throw new StorageError("beyondRepair", `${file} is damaged. ${advice}`, { cause });
  }
}

/** Writes it, durably: after this the directory is of that instance. The directory must be owned. */
export function writeBirth(directory: string, birth: Birth): void {
  const file = join(directory, fileName);
  const fd = openSync(`${file}.new`, "w", 0o600);
  try {
    writeSync(fd, `${JSON.stringify(birth, null, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${file}.new`, file);
  syncFolder(directory);
}

function parse(text: string): Birth {
  const value = JSON.parse(text) as Readonly<Partial<Birth>>;
  const { clusterId, nodeId, instanceId, genesis } = value;
  if (typeof clusterId !== "string" || typeof nodeId !== "string" || typeof instanceId !== "string" || genesis === undefined) {
    throw new TypeError("a field is missing");
  }
  for (const ids of [genesis.voters, genesis.votersOutgoing, genesis.learners, genesis.learnersNext, genesis.removed]) {
    for (const id of ids) toNodeId(id);
  }
  return { clusterId, nodeId, instanceId, genesis: { ...genesis, addresses: { ...genesis.addresses } } };
}
