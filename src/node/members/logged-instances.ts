/**
 * This file finds data folders that are in the log but not applied yet (DECISIONS 47): a membership counts from its append, and a member is
 * promoted only after its folder is known, so every node whose vote counts here has its folder in this log, applied or not.
 */
import type { RaftView } from "../../raft/index.ts";
import { type NodeId, toLogIndex } from "../../raft/types.ts";
import { decodeCommand } from "../writes/command-codec.ts";

/** Bytes of the log that are read at a time. */
const bytesMax = 1024 * 1024;
/** Text in the bytes of the command; entries without it are not decoded. */
const mark = "memberHello";

/** The log of a node, and how far it is applied. */
type LogOfNode = { readonly raft: RaftView; readonly appliedIndex: number };

/** By node id, the first data folder that the entries after `appliedIndex` publish under it. */
export function loggedInstances({ raft, appliedIndex }: LogOfNode): ReadonlyMap<NodeId, string> {
  const instances = new Map<NodeId, string>();
  const { baseIndex, lastIndex: last } = raft.status;
  for (let from = Math.max(appliedIndex, baseIndex) + 1; from <= last; ) {
    const entries = raft.entries({ from: toLogIndex(from), to: last, bytesMax });
    from += entries.length;
    for (const { payload } of entries) {
      if (payload.kind === "command") note(instances, payload.command);
    }
  }
  return instances;
}

function note(instances: Map<NodeId, string>, bytes: Uint8Array): void {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark)) return;
  try {
    const { body } = decodeCommand(bytes);
    if (body.kind === "memberHello" && !instances.has(body.id)) instances.set(body.id, body.instanceId);
  } catch {
    // No command: it will be passed over.
  }
}
