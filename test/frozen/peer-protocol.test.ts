/**
 * This file holds what nodes say to each other, byte for byte: frames of every kind, and the headers before them.
 */
import { describe, expect, test } from "vitest";
import { type Message, type Payload, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { chunkHeaders, formatAnswer } from "../../src/transport/chunk.ts";
import { frameHeaderBytes, pingFrame } from "../../src/transport/frame.ts";
import { callerHeaders, protocolVersion, strangerHeaders } from "../../src/transport/handshake.ts";
import { accessOf, proveAnswer } from "../../src/transport/proof.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";
import { bytesOf, expectFrozen } from "./frozen.ts";
import { frozenProtocol } from "./protocol-bytes.ts";

const raise = "raise protocolVersion (transport/handshake.ts)";
const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const address = { peerUrl: "http://h:1", apiUrl: "http://h:2" };
const command = new Uint8Array([1, 2, 3]);
const membership = {
  voters: [n1, n2],
  votersOutgoing: [n1],
  learners: [],
  learnersNext: [],
  addresses: { n1: address, n2: address },
  removed: [toNodeId("n0")],
};
const payloads: readonly Payload[] = [
  { kind: "noop" },
  { kind: "clock" },
  { kind: "command", id: { runId: "run", sequence: 300 }, command },
  { kind: "membership", membership },
  { kind: "clusterVersion", version: 2 },
];
const entries = payloads.map((payload, position) => ({
  index: toLogIndex(8 + position),
  term: toTerm(3),
  clusterTimeMs: toClusterTimeMs(1000),
  wallTimeMs: 1_767_225_600_000,
  payload,
}));
const log = { lastLogIndex: toLogIndex(7), lastLogTerm: toTerm(3) };

type Body = Message extends infer One ? (One extends Message ? Omit<One, "from" | "to" | "term"> : never) : never;

const bodies: { readonly [Kind in Message["kind"]]: Extract<Body, { readonly kind: Kind }> } = {
  preVoteRequest: { kind: "preVoteRequest", ...log },
  preVoteResponse: { kind: "preVoteResponse", voteGranted: true },
  voteRequest: { kind: "voteRequest", ...log, leadershipTransfer: true },
  voteResponse: { kind: "voteResponse", voteGranted: false },
  appendEntries: {
    kind: "appendEntries",
    prevLogIndex: toLogIndex(7),
    prevLogTerm: toTerm(3),
    entries,
    leaderCommit: toLogIndex(6),
  },
  appendEntriesAccepted: { kind: "appendEntriesAccepted", matchIndex: toLogIndex(9) },
  appendEntriesRejected: {
    kind: "appendEntriesRejected",
    prevLogIndex: toLogIndex(9),
    hintIndex: toLogIndex(5),
    hintTerm: toTerm(2),
    quarantined: true,
  },
  heartbeat: { kind: "heartbeat", leaderCommit: toLogIndex(6), round: 70_000 },
  heartbeatResponse: { kind: "heartbeatResponse", round: 70_000, promiseMs: 500 },
  readIndexRequest: { kind: "readIndexRequest", readId: 2 ** 40 },
  readIndexResponse: { kind: "readIndexResponse", readId: 2 ** 40, index: toLogIndex(6) },
  proposeRequest: { kind: "proposeRequest", epoch: 4, proposals: [{ id: { runId: "run", sequence: 300 }, command }] },
  proposeRefused: { kind: "proposeRefused", runId: "run", sequences: [3, 4], reason: "applyLag" },
  proposeBarrier: { kind: "proposeBarrier", runId: "run", epoch: 4 },
  proposeBarrierReached: { kind: "proposeBarrierReached", runId: "run", epoch: 4, index: toLogIndex(9) },
  timeoutNow: { kind: "timeoutNow" },
};

describe("a frame has its frozen bytes", () => {
  for (const body of Object.values(bodies)) {
    test(body.kind, () => {
      const message = { from: n1, to: n2, term: toTerm(9), ...body } as Message;
      const frozen = frozenProtocol[body.kind];
      expectFrozen(encodeMessage(message), frozen, raise);
      const read = decodeMessage(bytesOf(frozen).subarray(frameHeaderBytes));
      expect(encodeMessage(read)).toEqual(encodeMessage(message));
    });
  }

  test("ping", () => expectFrozen(pingFrame, frozenProtocol["ping"], raise));
});

describe("the headers before the frames are the frozen ones", () => {
  const access = accessOf({ peerSecret: "secret", insecure: false });
  const identity = {
    clusterId: "c",
    nodeId: n1,
    access,
    self: { instanceId: "folder", start: 7, runId: "run", ancestors: ["one", "two"], forgotten: 5 },
  };
  const said: Readonly<Record<string, object>> = {
    caller: callerHeaders(identity, n2, "http://h:1"),
    stranger: strangerHeaders(identity),
    chunk: chunkHeaders({ transferId: "t", term: toTerm(3), sequence: 4 }, command),
    answer: JSON.parse(formatAnswer({ kind: "next", sequence: 4, complete: false })),
    proof: proveAnswer(access, { status: 200, headers: { "keyhold-from": "n1" }, body: "body" }, "nonce"),
  };
  for (const [name, headers] of Object.entries(said)) {
    test(name, () => expectFrozen(JSON.stringify(headers), frozenProtocol[name], raise));
  }

  test("and names the version", () => expect(frozenProtocol["caller"]).toContain(`"keyhold-protocol":"${protocolVersion}"`));
});
