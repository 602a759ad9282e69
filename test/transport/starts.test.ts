/**
 * This file tests that nodes tell each other which starts they have seen, before anything else, and that a run says nothing before
 * enough others have let it in.
 */
import { afterEach, expect, test } from "vitest";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import type { Claim, SelfClaim, StartNews } from "../../src/transport/claim.ts";
import { frameHeaderBytes } from "../../src/transport/frame.ts";
import { encodeStarts, startsIn } from "../../src/transport/starts-frame.ts";
import type { HttpTransportOptions } from "../../src/transport/transport.ts";
import { connect, numbered, openRecorded, type Recorded, testClaim, until } from "./http-harness.ts";

const [n1, n2, n3] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3")];
const opened: Recorded[] = [];

async function open(id: string, options: Partial<HttpTransportOptions> = {}): Promise<Recorded> {
  const recorded = await openRecorded(id, options);
  opened.push(recorded);
  return recorded;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

/** Knows what it is given, and believes what it hears. */
function memory(heard: Claim[] = []): StartNews & { learn: (nodeId: NodeId, start: SelfClaim) => void } {
  let known: ReadonlyMap<NodeId, SelfClaim> = new Map();
  return {
    known: () => known,
    counts: () => true,
    learn: (nodeId, start) => {
      known = new Map(known).set(nodeId, start);
    },
    receive: (_from, starts) => {
      heard.push(...starts);
      return starts;
    },
  };
}

test("known starts are sent first on each stream, and again before the next message when there are more", async () => {
  const order: string[] = [];
  const heard: StartNews = {
    known: () => new Map(),
    counts: () => false,
    receive: (from, starts) => {
      order.push(`${from} knows ${starts.map(({ nodeId, start }) => `${nodeId} ${start}`).join()}`);
      return [];
    },
  };
  const starts = memory();
  starts.learn(n3, { instanceId: "f", start: 7, runId: "r7", ancestors: [], forgotten: 0 });
  const a = await open("n1", { starts });
  const b = await open("n2", {
    starts: heard,
    onMessage: (message) => {
      order.push(message.kind === "heartbeatResponse" ? `message ${message.round}` : "another");
      return null;
    },
  });
  await connect(a, "n2", b.address.peerUrl);
  a.transport.send(numbered("n1", "n2", 1));
  // A call of n3 is admitted, and with it its start becomes known.
  starts.learn(n3, { instanceId: "f", start: 8, runId: "r8", ancestors: [], forgotten: 0 });
  const c = await open("n3");
  await connect(c, "n1", a.address.peerUrl);
  a.transport.send(numbered("n1", "n2", 2));
  await until(() => order.length === 4);
  expect(order).toEqual(["n1 knows n3 7", "message 1", "n1 knows n3 8", "message 2"]);
});

test("the stream of a run is cut when a later one was seen elsewhere", async () => {
  const node = await open("n1", { starts: memory() });
  const old = await open("n3", { self: { ...testClaim("n3"), start: 5 } });
  await connect(old, "n1", node.address.peerUrl);
  const starts = memory();
  starts.learn(n3, { ...testClaim("n3"), start: 7, runId: "later" });
  const teller = await open("n2", { starts });
  await connect(teller, "n1", node.address.peerUrl);
  await until(() => node.events.some((event) => event.kind === "incomingClosed" && event.reason.includes("a later start")));
  expect(node.unreachable).toContain(n3);
});

test("a run says nothing before enough others have let it in, and does then", async () => {
  const [a, b] = [await open("n1"), await open("n2")];
  const run = await open("n3", { admissionsWanted: () => 2 });
  await connect(run, "n1", a.address.peerUrl);
  run.transport.send(numbered("n3", "n1", 1));
  run.transport.setPeers(
    new Map([
      [n1, a.address],
      [n2, b.address],
    ]),
  );
  await until(() => run.transport.stats().get(n2)?.connected === true);
  run.transport.send(numbered("n3", "n1", 2));
  await until(() => a.received.length > 0);
  expect(a.received).toEqual([numbered("n3", "n1", 2)]);
  // That one of them is gone again does not matter: it remembers.
  await b.transport.close();
  run.transport.send(numbered("n3", "n1", 3));
  await until(() => a.received.length === 2);
});

test("a node that lets a run in without counting is counted once it says that it remembers the run", async () => {
  const starts = memory();
  const newcomer = await open("n1", { starts, admit: () => ({ kind: "admitted", counts: false }) });
  const met: string[] = [];
  const run = await open("n3", { admissionsWanted: () => 1, starts: memory(), onAdmitted: () => met.push("met") });
  await connect(run, "n1", newcomer.address.peerUrl);
  await connect(newcomer, "n3", run.address.peerUrl);
  run.transport.send(numbered("n3", "n1", 1));
  starts.learn(n3, { ...testClaim("n3"), runId: "another" });
  newcomer.transport.setPeers(new Map());
  await connect(newcomer, "n3", run.address.peerUrl);
  run.transport.send(numbered("n3", "n1", 2));
  expect(met).toEqual([]);
  // Told again after a while, without a new stream.
  starts.learn(n3, testClaim("n3"));
  await until(() => met.length > 0);
  run.transport.send(numbered("n3", "n1", 3));
  await until(() => newcomer.received.length > 0);
  expect(newcomer.received).toEqual([numbered("n3", "n1", 3)]);
});

test("a node that has seen no start says so, and again to one that did not know it as a member", async () => {
  const frames: number[] = [];
  const hearing: StartNews = {
    known: () => new Map(),
    counts: () => false,
    receive: (_from, starts) => {
      frames.push(starts.length);
      return [];
    },
  };
  const node = await open("n1", { starts: hearing });
  const teller = await open("n2", { starts: memory(), peerTimeoutMs: 100 });
  await connect(teller, "n1", node.address.peerUrl);
  await until(() => frames.length === 3);
  expect(frames).toEqual([0, 0, 0]);
});

test("a run that speaks goes on when the cluster grows by members that have not let it in yet", async () => {
  let wanted = 1;
  const a = await open("n1");
  const run = await open("n3", { admissionsWanted: () => wanted });
  await connect(run, "n1", a.address.peerUrl);
  run.transport.send(numbered("n3", "n1", 1));
  wanted = 2;
  run.transport.send(numbered("n3", "n1", 2));
  await until(() => a.received.length === 2);
});

test("a frame of starts comes back as it was written, and a start that no node can have is refused", () => {
  const starts = new Map([
    [n1, testClaim("n1")],
    [n2, { instanceId: "f", start: 2 ** 40, runId: "r", ancestors: ["p", "q"], forgotten: 2 ** 39 }],
  ]);
  const payload = encodeStarts(starts, true).subarray(frameHeaderBytes);
  expect(startsIn(payload)).toEqual({ starts: [...starts].map(([nodeId, claim]) => ({ nodeId, ...claim })), counts: true });
  expect(startsIn(encodeStarts(starts, false).subarray(frameHeaderBytes))?.counts).toBe(false);
  expect(() =>
    startsIn(encodeStarts(new Map([[n1, { ...testClaim("n1"), runId: "\n" }]]), true).subarray(frameHeaderBytes)),
  ).toThrow("a start that no node can have");
  for (const broken of [{ ancestors: ["a b"] }, { ancestors: Array.from({ length: 65 }, () => "a") }, { forgotten: 1 }]) {
    const frame = encodeStarts(new Map([[n1, { ...testClaim("n1"), ...broken }]]), true);
    expect(() => startsIn(frame.subarray(frameHeaderBytes))).toThrow("a start that no node can have");
  }
  expect(() => startsIn(payload.subarray(0, payload.byteLength - 1))).toThrow();
});
