/**
 * This file tests the API of simulated nodes: REST and watches, in virtual time, and that a seed is one run.
 */
import { expect, test } from "vitest";
import { drawPlan } from "../faults/plan.ts";
import { Cluster } from "./cluster.ts";
import { calmDisk } from "./disk-model.ts";
import { calmNetwork } from "./network-model.ts";
import type { SimNode } from "./sim-node.ts";
import type { SimSocket } from "./sim-socket.ts";
import { Trace } from "./trace.ts";

type Played = {
  readonly cluster: Cluster;
  readonly findings: readonly string[];
  readonly hash: () => string;
  /** Plays until `done` or for a virtual minute. */
  readonly until: (done: () => boolean) => Promise<void>;
  /** Settles with what `promise` settles with, as time goes on. */
  readonly settled: <Value>(promise: Promise<Value>) => Promise<Value>;
};

/** A calm cluster of three that has a leader. */
async function played(): Promise<Played> {
  const { options } = drawPlan(7, { durationMs: 60_000 });
  const trace = new Trace({ wholeStory: false });
  const findings: string[] = [];
  const cluster = new Cluster(
    { ...options, nodes: 3, spares: 0, network: calmNetwork, disk: calmDisk, clientLoss: 0, readLeases: false },
    { trace, report: (check, detail) => findings.push(`${check}: ${detail}`) },
  );
  const { scheduler } = cluster;
  const until = async (done: () => boolean): Promise<void> => {
    const endMs = scheduler.nowMs + 60_000;
    scheduler.touched();
    await scheduler.settled();
    while (!done() && scheduler.next(endMs)) await scheduler.settled();
    expect(done()).toBe(true);
  };
  for (const node of cluster.nodes) node.start();
  await until(() => cluster.leader() !== null);
  return {
    cluster,
    findings,
    hash: () => `${trace.hash()} ${scheduler.nowMs} ${scheduler.ran}`,
    until,
    async settled(promise) {
      let over = false;
      const end = (): void => {
        over = true;
      };
      promise.then(end, end);
      await until(() => over);
      return promise;
    },
  };
}

function ask(node: SimNode | undefined | null, method: string, path: string, options: RequestInit = {}): Promise<Response> {
  if (!node?.process) throw new Error("no process to ask");
  return node.process.api.fetch(new Request(`http://${node.id}:2${path}`, { method, ...options }));
}

const jsonOf = (value: object) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });

function connect(node: SimNode | undefined): { socket: SimSocket; heard: string[]; sequences: number[] } {
  if (!node?.process) throw new Error("no process to connect to");
  const heard: string[] = [];
  const sequences: number[] = [];
  const socket = node.process.api.connect();
  for (const event of ["hello", "watch:synced", "watch:progress", "watch:error", "lock:granted"])
    socket.on(event, (payload) => void heard.push(`${event} ${JSON.stringify(payload)}`));
  socket.on("watch:events", (payload) => {
    const { seq, batches } = payload as { seq: number; batches: readonly { revision: number }[] };
    sequences.push(seq);
    for (const { revision } of batches) heard.push(`revision ${revision}`);
  });
  socket.onClose((reason) => void heard.push(`closed: ${reason}`));
  return { socket, heard, sequences };
}

test("REST answers in virtual time, from any node, with what is on the wire", async () => {
  const { cluster, findings, settled } = await played();
  const follower = cluster.nodes.find((node) => node !== cluster.leader());
  const put = await settled(ask(follower, "PUT", "/v1/config/a", { body: "one" }));
  expect([put.status, put.headers.get("etag")]).toEqual([201, '"1"']);
  expect(put.headers.get("keyhold-served-by")).toBe(follower?.id);
  const stale = await settled(ask(follower, "PUT", "/v1/config/a", { body: "two", headers: { "if-match": '"9"' } }));
  expect(stale.status).toBe(412);
  expect(await settled(stale.json())).toMatchObject({ code: "revision_mismatch" });
  const got = await settled(ask(follower, "GET", "/v1/config/a"));
  expect(await settled(got.json())).toMatchObject({ key: "a", modRevision: 1 });
  const wrong = await settled(ask(follower, "GET", "/v1/config/a?what=1"));
  expect(wrong.status).toBe(400);
  // Only a leader changes who takes part: the request is forwarded through the network.
  const transfer = await settled(ask(follower, "POST", "/v1/cluster/transfer", jsonOf({ to: follower?.id })));
  expect([transfer.status, await settled(transfer.json())]).toMatchObject([200, { leaderId: follower?.id }]);
  expect(findings).toEqual([]);
});

test("a wait for a lock is held open, and a client that leaves ends it", async () => {
  const { cluster, settled, until } = await played();
  const [first, second] = cluster.nodes;
  const acquire = jsonOf({ ttlMs: 60_000, waitMs: 60_000 });
  const held = await settled(ask(first, "POST", "/v1/locks/a/acquire", acquire));
  const { fence, leaseId } = (await settled(held.json())) as { fence: number; leaseId: string };
  const leaves = new AbortController();
  const left = ask(second, "POST", "/v1/locks/a/acquire", { ...jsonOf({ ttlMs: 3000, waitMs: 60_000 }), signal: leaves.signal });
  const waited = ask(second, "POST", "/v1/locks/a/acquire", acquire);
  await until(() => second?.process?.service.status().pendingProposals === 2);
  await until(() => second?.process?.api.isBusy === true && cluster.scheduler.nowMs > 5000);
  leaves.abort();
  await expect(settled(left)).rejects.toThrow("aborted");
  const released = ask(first, "POST", "/v1/locks/a/release", jsonOf({ fence, leaseId }));
  expect((await settled(released)).status).toBe(200);
  // The waiter that left was first in the queue: the second has its turn when the lease of the first has ended, which nobody renews.
  expect((await settled(waited)).status).toBe(200);
});

test("a watch hears everything once, and one that does not acknowledge hears no more than its credit", async () => {
  const { cluster, settled, until } = await played();
  const [node] = cluster.nodes;
  const { socket, heard, sequences } = connect(node);
  let opened: unknown;
  socket.emit("watch:open", { watchId: "w", targets: [{ kind: "config", prefix: "" }], from: "now" }, (answer) => {
    opened = answer;
  });
  await until(() => opened !== undefined);
  expect(opened).toEqual({ ok: true, startRevision: 1 });
  for (let i = 0; i < 8; i++) await settled(ask(node, "PUT", "/v1/config/a", { body: String(i) }));
  expect(sequences).toEqual([1, 2, 3, 4]);
  socket.emit("watch:ack", { watchId: "w", seq: 4 });
  await until(() => sequences.length === 5);
  expect(heard.filter((line) => line.startsWith("revision"))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `revision ${n}`));
  expect(heard[0]).toContain("hello");
  node?.stop({ downMs: null });
  await until(() => heard.some((line) => line.startsWith("closed")));
  expect(heard.slice(-2)).toEqual([expect.stringContaining("shutting_down"), "closed: io server disconnect"]);
});

test("a process that dies resets what is open, and so does one that was dead before", async () => {
  const { cluster, settled, until } = await played();
  const [node, other, third] = cluster.nodes;
  const dead = node?.process;
  const { heard } = connect(node);
  await until(() => heard.length === 1);
  other?.crash({ downMs: null });
  third?.crash({ downMs: null });
  const pending = ask(node, "PUT", "/v1/config/a", { body: "one" });
  await until(() => cluster.scheduler.nowMs > 0);
  node?.crash({ downMs: null });
  await expect(settled(pending)).rejects.toThrow("fetch failed");
  await until(() => heard.includes("closed: transport close"));
  await expect(dead?.api.fetch(new Request("http://n0:2/livez"))).rejects.toThrow("fetch failed");
});

test("one seed is one run, with REST and watches in it", async () => {
  const hashes = [];
  for (let i = 0; i < 2; i++) {
    const { cluster, settled, hash } = await played();
    const [first, second] = cluster.nodes;
    const { socket, heard } = connect(second);
    socket.emit("watch:open", { watchId: "w", targets: [{ kind: "lock", prefix: "" }], from: "snapshot" });
    const calls = Array.from({ length: 20 }, (_, call) =>
      ask(call % 2 === 0 ? first : second, "POST", "/v1/locks/a/acquire?holdMs=100", jsonOf({ ttlMs: 1000, waitMs: 500 })),
    );
    const answers = await settled(Promise.all(calls));
    const bodies = await settled(Promise.all(answers.map((answer) => answer.text())));
    hashes.push([hash(), heard.join(), bodies.join()]);
  }
  expect(hashes[0]).toEqual(hashes[1]);
});
