/**
 * This file is how nodes report to each other which starts they have seen (DECISIONS 46): a frame of its own kind, the first on each
 * stream, and sent again whenever more is known. So a node that received a message of another one knows the starts that this one knew
 * before.
 */
import type { Buffer } from "node:buffer";
import { isNodeId, type NodeId } from "../raft/types.ts";
import {
  createReader,
  createWriter,
  putByte,
  putCount,
  putInteger,
  putText,
  takeByte,
  takeCount,
  takeEnd,
  takeInteger,
  takeText,
  textRoom,
  WireError,
} from "./byte-cursor.ts";
import { type Claim, isClaim, type SelfClaim } from "./claim.ts";
import { frameHeaderBytes, sealFrame } from "./frame.ts";

/** The first byte of such a frame; the kinds of messages (`wire.ts`) count up from 0. */
const startsKind = 255;
/** Starts in one frame: more than any cluster has members. */
export const startsMax = 256;
/** Bytes of one start without its texts: two numbers and the length of a list. */
const fixedBytes = 2 * 8 + 4;

/** The content of one such frame. */
export type StartsReport = {
  readonly starts: readonly Claim[];
  /** Whether the sender counts among the nodes that let in the receiver's start, which is in the list. */
  readonly counts: boolean;
};

/** Encodes a whole frame with its header. */
export function encodeStarts(starts: ReadonlyMap<NodeId, SelfClaim>, counts: boolean): Buffer {
  const told = [...starts].slice(0, startsMax);
  const room = told.reduce(
    (sum, [id, { instanceId, runId, ancestors }]) =>
      [id, instanceId, runId, ...ancestors].reduce((room, text) => room + textRoom(text), sum + fixedBytes),
    6,
  );
  const writer = createWriter(frameHeaderBytes + room);
  writer.offset = frameHeaderBytes;
  putByte(writer, startsKind);
  putByte(writer, counts ? 1 : 0);
  putCount(writer, told.length);
  for (const [id, { instanceId, start, runId, ancestors, forgotten }] of told) {
    putText(writer, id);
    putText(writer, instanceId);
    putInteger(writer, start);
    putText(writer, runId);
    putInteger(writer, forgotten);
    putCount(writer, ancestors.length);
    for (const ancestor of ancestors) putText(writer, ancestor);
  }
  return sealFrame(writer.bytes.subarray(0, writer.offset));
}

/** The report in the payload of a frame; undefined when it is a message. Throws WireError when it is malformed. */
export function startsIn(payload: Buffer): StartsReport | undefined {
  if (payload[0] !== startsKind) return undefined;
  const reader = createReader(payload);
  takeByte(reader);
  const counts = takeByte(reader) === 1;
  const count = takeCount(reader, 3 * 2 + fixedBytes);
  if (count > startsMax) throw new WireError(`${count} starts, at most ${startsMax} are taken`);
  const claims: Claim[] = [];
  for (let taken = 0; taken < count; taken += 1) {
    const nodeId = takeText(reader);
    const named = { instanceId: takeText(reader), start: takeInteger(reader), runId: takeText(reader) };
    const forgotten = takeInteger(reader);
    const ancestors = Array.from({ length: takeCount(reader, 2) }, () => takeText(reader));
    const claim = { ...named, ancestors, forgotten };
    if (!isNodeId(nodeId) || !isClaim(claim)) throw new WireError("a start that no node can have");
    claims.push({ nodeId, ...claim });
  }
  takeEnd(reader);
  return { starts: claims, counts };
}
