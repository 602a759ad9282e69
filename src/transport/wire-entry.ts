/**
 * This file writes and reads the lists in messages: log entries, proposals, and the membership inside an entry.
 * A list of entries is checked as a piece of a log on both sides, because the follower's core asserts what is checked
 * here: a peer that sends nonsense must lose its stream, not stop our node.
 */
import { InvariantViolation, unreachable } from "../base/assert.ts";
import { clusterTimeMsMax, membershipFault, receivedIndexMax, termMax, wallTimeMsMax } from "../raft/ceilings.ts";
import {
  type Entry,
  isNodeId,
  type LogIndex,
  type MemberAddress,
  type Membership,
  type NodeId,
  type Payload,
  type Proposal,
  type ProposalId,
  type Term,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../raft/types.ts";
import {
  type ByteReader,
  type ByteWriter,
  putByte,
  putBytes,
  putCount,
  putInteger,
  putNumber,
  putText,
  takeByte,
  takeBytes,
  takeCount,
  takeInteger,
  takeNumber,
  takeText,
  textRoom,
  WireError,
} from "./byte-cursor.ts";

// These numbers are the wire: never reused, never changed.
const payloadCodes = {
  noop: 0,
  clock: 1,
  command: 2,
  membership: 3,
  clusterVersion: 4,
} as const satisfies Record<Payload["kind"], number>;

/** Items in one list: more than a batch of one MiB can hold of the smallest entries or commands. */
export const itemsMax = 65_536;
/** A cluster version is a small number that developers choose. */
const clusterVersionMax = 2 ** 31;

const entryBytesMin = 4 * 8 + 1;
const proposalBytesMin = 2 + 8 + 4;

/** What surrounds a list of entries, and so bounds it: the position before it, and the sender's term. */
export type EntriesPlace = { readonly prevLogIndex: LogIndex; readonly prevLogTerm: Term; readonly term: Term };

/** At least the bytes that `putEntries` writes. */
export function entriesRoom(entries: readonly Entry[]): number {
  let room = 4;
  for (const { payload } of entries) {
    room += entryBytesMin + 8;
    if (payload.kind === "command") room += textRoom(payload.id.runId) + 12 + payload.command.byteLength;
    if (payload.kind === "membership") room += membershipRoom(payload.membership);
  }
  return room;
}

/** Writes entries; throws InvariantViolation when they are no piece of a log at `place`. */
export function putEntries(writer: ByteWriter, entries: readonly Entry[], place: EntriesPlace): void {
  const fault = findFault(entries, place);
  if (fault !== null) throw new InvariantViolation(`entries to send: ${fault}`);
  putCount(writer, entries.length);
  for (const entry of entries) putEntry(writer, entry);
}

/** Reads entries; throws WireError when they are malformed or no piece of a log at `place`. */
export function takeEntries(reader: ByteReader, place: EntriesPlace): readonly Entry[] {
  const count = takeItemCount(reader, entryBytesMin);
  const entries: Entry[] = [];
  for (let taken = 0; taken < count; taken += 1) entries.push(takeEntry(reader));
  const fault = findFault(entries, place);
  if (fault !== null) throw new WireError(`entries: ${fault}`);
  return entries;
}

/** Why `entries` cannot stand in a log at `place`, or null. */
function findFault(entries: readonly Entry[], place: EntriesPlace): string | null {
  let index: number = place.prevLogIndex;
  let term = place.prevLogTerm;
  let clusterTimeMs = 0;
  if (term > place.term) return `after term ${term}, sent in ${place.term}`;
  for (const entry of entries) {
    if (entry.index !== index + 1) return `index ${entry.index} after ${index}`;
    if (entry.term < term || entry.term > place.term) return `term ${entry.term} after ${term}, sent in ${place.term}`;
    if (entry.clusterTimeMs > clusterTimeMsMax) return `cluster time ${entry.clusterTimeMs}`;
    if (Math.abs(entry.wallTimeMs) > wallTimeMsMax) return `wall time ${entry.wallTimeMs}`;
    if (entry.clusterTimeMs < clusterTimeMs) return `cluster time ${entry.clusterTimeMs} after ${clusterTimeMs}`;
    index = entry.index;
    term = entry.term;
    clusterTimeMs = entry.clusterTimeMs;
  }
  return null;
}

function putEntry(writer: ByteWriter, entry: Entry): void {
  putInteger(writer, entry.index);
  putInteger(writer, entry.term);
  putInteger(writer, entry.clusterTimeMs);
  putNumber(writer, entry.wallTimeMs);
  const { payload } = entry;
  putByte(writer, payloadCodes[payload.kind]);
  switch (payload.kind) {
    case "command":
      putProposal(writer, payload);
      break;
    case "membership":
      putMembership(writer, payload.membership);
      break;
    case "clusterVersion":
      putInteger(writer, payload.version);
      break;
    case "noop":
    case "clock":
      break;
    default:
      unreachable(payload);
  }
}

function takeEntry(reader: ByteReader): Entry {
  const index = takeIndex(reader);
  const term = takeTerm(reader);
  const clusterTimeMs = toClusterTimeMs(takeInteger(reader));
  const wallTimeMs = takeNumber(reader);
  return { index, term, clusterTimeMs, wallTimeMs, payload: takePayload(reader) };
}

function takePayload(reader: ByteReader): Payload {
  const code = takeByte(reader);
  switch (code) {
    case payloadCodes.noop:
      return { kind: "noop" };
    case payloadCodes.clock:
      return { kind: "clock" };
    case payloadCodes.command:
      return { kind: "command", id: takeProposalId(reader), command: takeBytes(reader) };
    case payloadCodes.membership:
      return { kind: "membership", membership: takeMembership(reader) };
    case payloadCodes.clusterVersion:
      return { kind: "clusterVersion", version: takeIntegerUpTo(reader, clusterVersionMax) };
    default:
      throw new WireError(`payload kind ${code}`);
  }
}

/** At least the bytes that `putProposals` writes. */
export function proposalsRoom(proposals: readonly Proposal[]): number {
  let room = 4;
  for (const { id, command } of proposals) room += textRoom(id.runId) + 12 + command.byteLength;
  return room;
}

/** Writes proposals, which must all be of one run. */
export function putProposals(writer: ByteWriter, proposals: readonly Proposal[]): void {
  putCount(writer, proposals.length);
  for (const proposal of proposals) putProposal(writer, proposal);
}

/** Reads proposals; throws WireError when they are malformed or of several runs. */
export function takeProposals(reader: ByteReader): readonly Proposal[] {
  const count = takeItemCount(reader, proposalBytesMin);
  const proposals: Proposal[] = [];
  for (let taken = 0; taken < count; taken += 1) proposals.push(takeProposal(reader));
  // One message is of one run of its sender, to which the end of its proposals is reported.
  if (proposals.some(({ id }) => id.runId !== proposals[0]?.id.runId)) throw new WireError("proposals of several runs");
  return proposals;
}

/** The length of a list of entries, proposals or their numbers. */
export function takeItemCount(reader: ByteReader, itemBytesMin: number): number {
  const count = takeCount(reader, itemBytesMin);
  if (count > itemsMax) throw new WireError(`${count} items, at most ${itemsMax} are taken`);
  return count;
}

/** A term that leaves room for later ones. */
export function takeTerm(reader: ByteReader): Term {
  return toTerm(takeIntegerUpTo(reader, termMax));
}

/** Reads a log index; throws WireError above `receivedIndexMax`. */
export function takeIndex(reader: ByteReader): LogIndex {
  return toLogIndex(takeIntegerUpTo(reader, receivedIndexMax));
}

function takeIntegerUpTo(reader: ByteReader, max: number): number {
  const value = takeInteger(reader);
  if (value > max) throw new WireError(`integer is ${value}, at most ${max} is accepted`);
  return value;
}

function putProposal(writer: ByteWriter, proposal: Proposal): void {
  putText(writer, proposal.id.runId);
  putInteger(writer, proposal.id.sequence);
  putBytes(writer, proposal.command);
}

function takeProposal(reader: ByteReader): Proposal {
  return { id: takeProposalId(reader), command: takeBytes(reader) };
}

function takeProposalId(reader: ByteReader): ProposalId {
  const runId = takeText(reader);
  return { runId, sequence: takeInteger(reader) };
}

/** Writes a node id, as text. */
export function putNodeId(writer: ByteWriter, id: NodeId): void {
  putText(writer, id);
}

/** Reads a node id; throws WireError when the text is none. */
export function takeNodeId(reader: ByteReader): NodeId {
  const text = takeText(reader);
  if (!isNodeId(text)) throw new WireError(`${JSON.stringify(text.slice(0, 80))} is not a node id`);
  return text;
}

function membershipRoom(membership: Membership): number {
  let room = 5 * 4;
  for (const ids of idLists(membership)) for (const id of ids) room += textRoom(id);
  for (const [id, { peerUrl, apiUrl }] of Object.entries(membership.addresses)) {
    room += textRoom(id) + textRoom(peerUrl) + textRoom(apiUrl);
  }
  return room;
}

function idLists(membership: Membership): readonly (readonly NodeId[])[] {
  return [membership.voters, membership.votersOutgoing, membership.learners, membership.learnersNext, membership.removed];
}

function putMembership(writer: ByteWriter, membership: Membership): void {
  for (const ids of idLists(membership)) {
    putCount(writer, ids.length);
    for (const id of ids) putNodeId(writer, id);
  }
  const addresses = Object.entries(membership.addresses);
  putCount(writer, addresses.length);
  for (const [id, { peerUrl, apiUrl }] of addresses) {
    putText(writer, id);
    putText(writer, peerUrl);
    putText(writer, apiUrl);
  }
}

function takeMembership(reader: ByteReader): Membership {
  const voters = takeNodeIds(reader);
  const votersOutgoing = takeNodeIds(reader);
  const learners = takeNodeIds(reader);
  const learnersNext = takeNodeIds(reader);
  const removed = takeNodeIds(reader);
  const addresses: Record<string, MemberAddress> = {};
  const count = takeCount(reader, 3 * 2);
  if (count > voters.length + votersOutgoing.length + learners.length + learnersNext.length)
    throw new WireError(`${count} addresses`);
  for (let taken = 0; taken < count; taken += 1) {
    // A node id cannot be "__proto__": it starts with a letter or a digit.
    const id = takeNodeId(reader);
    if (Object.hasOwn(addresses, id)) throw new WireError(`two addresses of ${id}`);
    addresses[id] = { peerUrl: takeText(reader), apiUrl: takeText(reader) };
  }
  const membership = { voters, votersOutgoing, learners, learnersNext, addresses, removed };
  const fault = membershipFault(membership);
  if (fault !== null) throw new WireError(fault);
  return membership;
}

/** A list of distinct ids: a voter counted twice would be half of a majority of three. */
function takeNodeIds(reader: ByteReader): readonly NodeId[] {
  const count = takeCount(reader, 2);
  const ids = new Set<NodeId>();
  for (let taken = 0; taken < count; taken += 1) ids.add(takeNodeId(reader));
  if (ids.size !== count) throw new WireError("a node id twice in one list");
  return [...ids];
}
